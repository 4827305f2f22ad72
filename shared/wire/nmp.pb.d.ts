import type { Codec, DecodeOptions } from 'protons-runtime';
import type { Uint8ArrayList } from 'uint8arraylist';
export interface IntentRequest {
    agentDid: string;
    capabilityHash: string;
    proofOfIntent: Uint8Array<ArrayBuffer>;
    suites: number[];
    clientNonce: Uint8Array<ArrayBuffer>;
}
export declare namespace IntentRequest {
    const codec: () => Codec<IntentRequest>;
    interface IntentRequestAgentDidFieldEvent {
        field: '$.agentDid';
        value: string;
    }
    interface IntentRequestCapabilityHashFieldEvent {
        field: '$.capabilityHash';
        value: string;
    }
    interface IntentRequestProofOfIntentFieldEvent {
        field: '$.proofOfIntent';
        value: Uint8Array<ArrayBuffer>;
    }
    interface IntentRequestSuitesFieldEvent {
        field: '$.suites[]';
        index: number;
        value: number;
    }
    interface IntentRequestClientNonceFieldEvent {
        field: '$.clientNonce';
        value: Uint8Array<ArrayBuffer>;
    }
    function encode(obj: Partial<IntentRequest>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<IntentRequest>): IntentRequest;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<IntentRequest>): Generator<IntentRequestAgentDidFieldEvent | IntentRequestCapabilityHashFieldEvent | IntentRequestProofOfIntentFieldEvent | IntentRequestSuitesFieldEvent | IntentRequestClientNonceFieldEvent>;
}
export interface IntentResponse {
    accepted: boolean;
    sessionToken: string;
    errorMessage: string;
    kyberPublicKey: Uint8Array<ArrayBuffer>;
    suite: number;
    attestationDocument: Uint8Array<ArrayBuffer>;
    nodeStatement: Uint8Array<ArrayBuffer>;
    sessionTtlSeconds: number;
}
export declare namespace IntentResponse {
    const codec: () => Codec<IntentResponse>;
    interface IntentResponseAcceptedFieldEvent {
        field: '$.accepted';
        value: boolean;
    }
    interface IntentResponseSessionTokenFieldEvent {
        field: '$.sessionToken';
        value: string;
    }
    interface IntentResponseErrorMessageFieldEvent {
        field: '$.errorMessage';
        value: string;
    }
    interface IntentResponseKyberPublicKeyFieldEvent {
        field: '$.kyberPublicKey';
        value: Uint8Array<ArrayBuffer>;
    }
    interface IntentResponseSuiteFieldEvent {
        field: '$.suite';
        value: number;
    }
    interface IntentResponseAttestationDocumentFieldEvent {
        field: '$.attestationDocument';
        value: Uint8Array<ArrayBuffer>;
    }
    interface IntentResponseNodeStatementFieldEvent {
        field: '$.nodeStatement';
        value: Uint8Array<ArrayBuffer>;
    }
    interface IntentResponseSessionTtlSecondsFieldEvent {
        field: '$.sessionTtlSeconds';
        value: number;
    }
    function encode(obj: Partial<IntentResponse>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<IntentResponse>): IntentResponse;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<IntentResponse>): Generator<IntentResponseAcceptedFieldEvent | IntentResponseSessionTokenFieldEvent | IntentResponseErrorMessageFieldEvent | IntentResponseKyberPublicKeyFieldEvent | IntentResponseSuiteFieldEvent | IntentResponseAttestationDocumentFieldEvent | IntentResponseNodeStatementFieldEvent | IntentResponseSessionTtlSecondsFieldEvent>;
}
export interface LogicRequest {
    sessionToken: string;
    wasmBinary: Uint8Array<ArrayBuffer>;
    inputs: Map<string, Uint8Array<ArrayBuffer>>;
    pqcCiphertext: Uint8Array<ArrayBuffer>;
    aesNonce: Uint8Array<ArrayBuffer>;
    stream: bigint;
    clientSignature: Uint8Array<ArrayBuffer>;
    capability: string;
    datasets: DatasetGrant[];
    deadlineMs: number;
    proofMode: string;
    moduleCapabilities: string[];
    requestNonce: Uint8Array<ArrayBuffer>;
    abi: string;
    moduleBytes: number;
    job: string;
    cancelJob: boolean;
    watch?: Watch;
    resent?: Resent;
}
export declare namespace LogicRequest {
    interface LogicRequest$inputsEntry {
        key: string;
        value: Uint8Array<ArrayBuffer>;
    }
    namespace LogicRequest$inputsEntry {
        const codec: () => Codec<LogicRequest$inputsEntry>;
        interface LogicRequest$inputsEntryKeyFieldEvent {
            field: '$.key';
            value: string;
        }
        interface LogicRequest$inputsEntryValueFieldEvent {
            field: '$.value';
            value: Uint8Array<ArrayBuffer>;
        }
        function encode(obj: Partial<LogicRequest$inputsEntry>): Uint8Array<ArrayBuffer>;
        function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<LogicRequest$inputsEntry>): LogicRequest$inputsEntry;
        function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<LogicRequest$inputsEntry>): Generator<LogicRequest$inputsEntryKeyFieldEvent | LogicRequest$inputsEntryValueFieldEvent>;
    }
    const codec: () => Codec<LogicRequest>;
    interface LogicRequestSessionTokenFieldEvent {
        field: '$.sessionToken';
        value: string;
    }
    interface LogicRequestWasmBinaryFieldEvent {
        field: '$.wasmBinary';
        value: Uint8Array<ArrayBuffer>;
    }
    interface LogicRequestInputsFieldEvent {
        field: '$.inputs{}';
        key: string;
        value: Uint8Array<ArrayBuffer>;
    }
    interface LogicRequestPqcCiphertextFieldEvent {
        field: '$.pqcCiphertext';
        value: Uint8Array<ArrayBuffer>;
    }
    interface LogicRequestAesNonceFieldEvent {
        field: '$.aesNonce';
        value: Uint8Array<ArrayBuffer>;
    }
    interface LogicRequestStreamFieldEvent {
        field: '$.stream';
        value: bigint;
    }
    interface LogicRequestClientSignatureFieldEvent {
        field: '$.clientSignature';
        value: Uint8Array<ArrayBuffer>;
    }
    interface LogicRequestCapabilityFieldEvent {
        field: '$.capability';
        value: string;
    }
    interface LogicRequestDatasetsDatasetFieldEvent {
        field: '$.datasets[].dataset';
        value: string;
        index: number;
    }
    interface LogicRequestDatasetsColumnsFieldEvent {
        field: '$.datasets[].columns[]';
        index: number;
        value: string;
    }
    interface LogicRequestDeadlineMsFieldEvent {
        field: '$.deadlineMs';
        value: number;
    }
    interface LogicRequestProofModeFieldEvent {
        field: '$.proofMode';
        value: string;
    }
    interface LogicRequestModuleCapabilitiesFieldEvent {
        field: '$.moduleCapabilities[]';
        index: number;
        value: string;
    }
    interface LogicRequestRequestNonceFieldEvent {
        field: '$.requestNonce';
        value: Uint8Array<ArrayBuffer>;
    }
    interface LogicRequestAbiFieldEvent {
        field: '$.abi';
        value: string;
    }
    interface LogicRequestModuleBytesFieldEvent {
        field: '$.moduleBytes';
        value: number;
    }
    interface LogicRequestJobFieldEvent {
        field: '$.job';
        value: string;
    }
    interface LogicRequestCancelJobFieldEvent {
        field: '$.cancelJob';
        value: boolean;
    }
    interface LogicRequestWatchEveryMsFieldEvent {
        field: '$.watch.everyMs';
        value: number;
    }
    interface LogicRequestWatchEventsFieldEvent {
        field: '$.watch.events';
        value: number;
    }
    interface LogicRequestWatchTtlMsFieldEvent {
        field: '$.watch.ttlMs';
        value: number;
    }
    interface LogicRequestWatchChangesFieldEvent {
        field: '$.watch.changes';
        value: boolean;
    }
    interface LogicRequestResentSessionTokenFieldEvent {
        field: '$.resent.sessionToken';
        value: string;
    }
    interface LogicRequestResentStreamFieldEvent {
        field: '$.resent.stream';
        value: bigint;
    }
    function encode(obj: Partial<LogicRequest>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<LogicRequest>): LogicRequest;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<LogicRequest>): Generator<LogicRequestSessionTokenFieldEvent | LogicRequestWasmBinaryFieldEvent | LogicRequestInputsFieldEvent | LogicRequestPqcCiphertextFieldEvent | LogicRequestAesNonceFieldEvent | LogicRequestStreamFieldEvent | LogicRequestClientSignatureFieldEvent | LogicRequestCapabilityFieldEvent | LogicRequestDatasetsDatasetFieldEvent | LogicRequestDatasetsColumnsFieldEvent | LogicRequestDeadlineMsFieldEvent | LogicRequestProofModeFieldEvent | LogicRequestModuleCapabilitiesFieldEvent | LogicRequestRequestNonceFieldEvent | LogicRequestAbiFieldEvent | LogicRequestModuleBytesFieldEvent | LogicRequestJobFieldEvent | LogicRequestCancelJobFieldEvent | LogicRequestWatchEveryMsFieldEvent | LogicRequestWatchEventsFieldEvent | LogicRequestWatchTtlMsFieldEvent | LogicRequestWatchChangesFieldEvent | LogicRequestResentSessionTokenFieldEvent | LogicRequestResentStreamFieldEvent>;
}
export interface Resent {
    sessionToken: string;
    stream: bigint;
}
export declare namespace Resent {
    const codec: () => Codec<Resent>;
    interface ResentSessionTokenFieldEvent {
        field: '$.sessionToken';
        value: string;
    }
    interface ResentStreamFieldEvent {
        field: '$.stream';
        value: bigint;
    }
    function encode(obj: Partial<Resent>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Resent>): Resent;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Resent>): Generator<ResentSessionTokenFieldEvent | ResentStreamFieldEvent>;
}
export interface Watch {
    everyMs: number;
    events: number;
    ttlMs: number;
    changes: boolean;
}
export declare namespace Watch {
    const codec: () => Codec<Watch>;
    interface WatchEveryMsFieldEvent {
        field: '$.everyMs';
        value: number;
    }
    interface WatchEventsFieldEvent {
        field: '$.events';
        value: number;
    }
    interface WatchTtlMsFieldEvent {
        field: '$.ttlMs';
        value: number;
    }
    interface WatchChangesFieldEvent {
        field: '$.changes';
        value: boolean;
    }
    function encode(obj: Partial<Watch>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Watch>): Watch;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Watch>): Generator<WatchEveryMsFieldEvent | WatchEventsFieldEvent | WatchTtlMsFieldEvent | WatchChangesFieldEvent>;
}
export interface DatasetGrant {
    dataset: string;
    columns: string[];
}
export declare namespace DatasetGrant {
    const codec: () => Codec<DatasetGrant>;
    interface DatasetGrantDatasetFieldEvent {
        field: '$.dataset';
        value: string;
    }
    interface DatasetGrantColumnsFieldEvent {
        field: '$.columns[]';
        index: number;
        value: string;
    }
    function encode(obj: Partial<DatasetGrant>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<DatasetGrant>): DatasetGrant;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<DatasetGrant>): Generator<DatasetGrantDatasetFieldEvent | DatasetGrantColumnsFieldEvent>;
}
export interface LogicResponse {
    semanticEvidence: string;
    cryptographicProof: Uint8Array<ArrayBuffer>;
    zkReceipt: Uint8Array<ArrayBuffer>;
    inputSalt: Uint8Array<ArrayBuffer>;
    outputSalt: Uint8Array<ArrayBuffer>;
    inputCommitment: Uint8Array<ArrayBuffer>;
    refusal?: Refusal;
    job: string;
    jobState: string;
    jobBefore: number;
    segments: number;
    segmentsProven: number;
    cycles: bigint;
    watch?: Watch;
    look: bigint;
}
export declare namespace LogicResponse {
    const codec: () => Codec<LogicResponse>;
    interface LogicResponseSemanticEvidenceFieldEvent {
        field: '$.semanticEvidence';
        value: string;
    }
    interface LogicResponseCryptographicProofFieldEvent {
        field: '$.cryptographicProof';
        value: Uint8Array<ArrayBuffer>;
    }
    interface LogicResponseZkReceiptFieldEvent {
        field: '$.zkReceipt';
        value: Uint8Array<ArrayBuffer>;
    }
    interface LogicResponseInputSaltFieldEvent {
        field: '$.inputSalt';
        value: Uint8Array<ArrayBuffer>;
    }
    interface LogicResponseOutputSaltFieldEvent {
        field: '$.outputSalt';
        value: Uint8Array<ArrayBuffer>;
    }
    interface LogicResponseInputCommitmentFieldEvent {
        field: '$.inputCommitment';
        value: Uint8Array<ArrayBuffer>;
    }
    interface LogicResponseRefusalStageFieldEvent {
        field: '$.refusal.stage';
        value: string;
    }
    interface LogicResponseRefusalCodeFieldEvent {
        field: '$.refusal.code';
        value: string;
    }
    interface LogicResponseRefusalCountBucketFieldEvent {
        field: '$.refusal.countBucket';
        value: string;
    }
    interface LogicResponseRefusalRetryableFieldEvent {
        field: '$.refusal.retryable';
        value: boolean;
    }
    interface LogicResponseRefusalAuditIdFieldEvent {
        field: '$.refusal.auditId';
        value: string;
    }
    interface LogicResponseRefusalReasonsFieldEvent {
        field: '$.refusal.reasons[]';
        index: number;
        value: string;
    }
    interface LogicResponseRefusalPaddingFieldEvent {
        field: '$.refusal.padding';
        value: Uint8Array<ArrayBuffer>;
    }
    interface LogicResponseJobFieldEvent {
        field: '$.job';
        value: string;
    }
    interface LogicResponseJobStateFieldEvent {
        field: '$.jobState';
        value: string;
    }
    interface LogicResponseJobBeforeFieldEvent {
        field: '$.jobBefore';
        value: number;
    }
    interface LogicResponseSegmentsFieldEvent {
        field: '$.segments';
        value: number;
    }
    interface LogicResponseSegmentsProvenFieldEvent {
        field: '$.segmentsProven';
        value: number;
    }
    interface LogicResponseCyclesFieldEvent {
        field: '$.cycles';
        value: bigint;
    }
    interface LogicResponseWatchEveryMsFieldEvent {
        field: '$.watch.everyMs';
        value: number;
    }
    interface LogicResponseWatchEventsFieldEvent {
        field: '$.watch.events';
        value: number;
    }
    interface LogicResponseWatchTtlMsFieldEvent {
        field: '$.watch.ttlMs';
        value: number;
    }
    interface LogicResponseWatchChangesFieldEvent {
        field: '$.watch.changes';
        value: boolean;
    }
    interface LogicResponseLookFieldEvent {
        field: '$.look';
        value: bigint;
    }
    function encode(obj: Partial<LogicResponse>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<LogicResponse>): LogicResponse;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<LogicResponse>): Generator<LogicResponseSemanticEvidenceFieldEvent | LogicResponseCryptographicProofFieldEvent | LogicResponseZkReceiptFieldEvent | LogicResponseInputSaltFieldEvent | LogicResponseOutputSaltFieldEvent | LogicResponseInputCommitmentFieldEvent | LogicResponseRefusalStageFieldEvent | LogicResponseRefusalCodeFieldEvent | LogicResponseRefusalCountBucketFieldEvent | LogicResponseRefusalRetryableFieldEvent | LogicResponseRefusalAuditIdFieldEvent | LogicResponseRefusalReasonsFieldEvent | LogicResponseRefusalPaddingFieldEvent | LogicResponseJobFieldEvent | LogicResponseJobStateFieldEvent | LogicResponseJobBeforeFieldEvent | LogicResponseSegmentsFieldEvent | LogicResponseSegmentsProvenFieldEvent | LogicResponseCyclesFieldEvent | LogicResponseWatchEveryMsFieldEvent | LogicResponseWatchEventsFieldEvent | LogicResponseWatchTtlMsFieldEvent | LogicResponseWatchChangesFieldEvent | LogicResponseLookFieldEvent>;
}
export interface Refusal {
    stage: string;
    code: string;
    countBucket: string;
    retryable: boolean;
    auditId: string;
    reasons: string[];
    padding: Uint8Array<ArrayBuffer>;
}
export declare namespace Refusal {
    const codec: () => Codec<Refusal>;
    interface RefusalStageFieldEvent {
        field: '$.stage';
        value: string;
    }
    interface RefusalCodeFieldEvent {
        field: '$.code';
        value: string;
    }
    interface RefusalCountBucketFieldEvent {
        field: '$.countBucket';
        value: string;
    }
    interface RefusalRetryableFieldEvent {
        field: '$.retryable';
        value: boolean;
    }
    interface RefusalAuditIdFieldEvent {
        field: '$.auditId';
        value: string;
    }
    interface RefusalReasonsFieldEvent {
        field: '$.reasons[]';
        index: number;
        value: string;
    }
    interface RefusalPaddingFieldEvent {
        field: '$.padding';
        value: Uint8Array<ArrayBuffer>;
    }
    function encode(obj: Partial<Refusal>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Refusal>): Refusal;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Refusal>): Generator<RefusalStageFieldEvent | RefusalCodeFieldEvent | RefusalCountBucketFieldEvent | RefusalRetryableFieldEvent | RefusalAuditIdFieldEvent | RefusalReasonsFieldEvent | RefusalPaddingFieldEvent>;
}
