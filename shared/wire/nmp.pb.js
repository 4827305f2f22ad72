// Compiled from nmp.proto by scripts/protos.ts.
import { decodeMessage, encodeMessage, MaxLengthError, MaxSizeError, message, streamMessage } from 'protons-runtime';
import { alloc as uint8ArrayAlloc } from 'uint8arrays/alloc';
export var IntentRequest;
(function (IntentRequest) {
    let _codec;
    IntentRequest.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.agentDid != null && obj.agentDid !== '')) {
                    w.uint32(10);
                    w.string(obj.agentDid);
                }
                if ((obj.capabilityHash != null && obj.capabilityHash !== '')) {
                    w.uint32(18);
                    w.string(obj.capabilityHash);
                }
                if ((obj.proofOfIntent != null && obj.proofOfIntent.byteLength > 0)) {
                    w.uint32(26);
                    w.bytes(obj.proofOfIntent);
                }
                if (obj.suites != null && obj.suites.length > 0) {
                    for (const value of obj.suites) {
                        w.uint32(128);
                        w.uint32(value);
                    }
                }
                if ((obj.clientNonce != null && obj.clientNonce.byteLength > 0)) {
                    w.uint32(138);
                    w.bytes(obj.clientNonce);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    agentDid: '',
                    capabilityHash: '',
                    proofOfIntent: uint8ArrayAlloc(0),
                    suites: [],
                    clientNonce: uint8ArrayAlloc(0)
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.agentDid = reader.string();
                            break;
                        }
                        case 2: {
                            obj.capabilityHash = reader.string();
                            break;
                        }
                        case 3: {
                            obj.proofOfIntent = reader.bytes();
                            break;
                        }
                        case 16: {
                            if (opts.limits?.suites != null && obj.suites.length === opts.limits.suites) {
                                throw new MaxLengthError('Decode error - repeated field "suites" had too many elements');
                            }
                            obj.suites.push(reader.uint32());
                            break;
                        }
                        case 17: {
                            obj.clientNonce = reader.bytes();
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const obj = {
                    suites: 0
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield {
                                field: `${prefix}.agentDid`,
                                value: reader.string()
                            };
                            break;
                        }
                        case 2: {
                            yield {
                                field: `${prefix}.capabilityHash`,
                                value: reader.string()
                            };
                            break;
                        }
                        case 3: {
                            yield {
                                field: `${prefix}.proofOfIntent`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 16: {
                            if (opts.limits?.suites != null && obj.suites === opts.limits.suites) {
                                throw new MaxLengthError('Streaming decode error - repeated field "suites" had too many elements');
                            }
                            yield {
                                field: `${prefix}.suites[]`,
                                index: obj.suites,
                                value: reader.uint32()
                            };
                            obj.suites++;
                            break;
                        }
                        case 17: {
                            yield {
                                field: `${prefix}.clientNonce`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
            });
        }
        return _codec;
    };
    function encode(obj) {
        return encodeMessage(obj, IntentRequest.codec());
    }
    IntentRequest.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, IntentRequest.codec(), opts);
    }
    IntentRequest.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, IntentRequest.codec(), opts);
    }
    IntentRequest.stream = stream;
})(IntentRequest || (IntentRequest = {}));
export var IntentResponse;
(function (IntentResponse) {
    let _codec;
    IntentResponse.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.accepted != null && obj.accepted !== false)) {
                    w.uint32(8);
                    w.bool(obj.accepted);
                }
                if ((obj.sessionToken != null && obj.sessionToken !== '')) {
                    w.uint32(18);
                    w.string(obj.sessionToken);
                }
                if ((obj.errorMessage != null && obj.errorMessage !== '')) {
                    w.uint32(26);
                    w.string(obj.errorMessage);
                }
                if ((obj.kyberPublicKey != null && obj.kyberPublicKey.byteLength > 0)) {
                    w.uint32(34);
                    w.bytes(obj.kyberPublicKey);
                }
                if ((obj.suite != null && obj.suite !== 0)) {
                    w.uint32(128);
                    w.uint32(obj.suite);
                }
                if ((obj.attestationDocument != null && obj.attestationDocument.byteLength > 0)) {
                    w.uint32(138);
                    w.bytes(obj.attestationDocument);
                }
                if ((obj.nodeStatement != null && obj.nodeStatement.byteLength > 0)) {
                    w.uint32(146);
                    w.bytes(obj.nodeStatement);
                }
                if ((obj.sessionTtlSeconds != null && obj.sessionTtlSeconds !== 0)) {
                    w.uint32(152);
                    w.uint32(obj.sessionTtlSeconds);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    accepted: false,
                    sessionToken: '',
                    errorMessage: '',
                    kyberPublicKey: uint8ArrayAlloc(0),
                    suite: 0,
                    attestationDocument: uint8ArrayAlloc(0),
                    nodeStatement: uint8ArrayAlloc(0),
                    sessionTtlSeconds: 0
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.accepted = reader.bool();
                            break;
                        }
                        case 2: {
                            obj.sessionToken = reader.string();
                            break;
                        }
                        case 3: {
                            obj.errorMessage = reader.string();
                            break;
                        }
                        case 4: {
                            obj.kyberPublicKey = reader.bytes();
                            break;
                        }
                        case 16: {
                            obj.suite = reader.uint32();
                            break;
                        }
                        case 17: {
                            obj.attestationDocument = reader.bytes();
                            break;
                        }
                        case 18: {
                            obj.nodeStatement = reader.bytes();
                            break;
                        }
                        case 19: {
                            obj.sessionTtlSeconds = reader.uint32();
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield {
                                field: `${prefix}.accepted`,
                                value: reader.bool()
                            };
                            break;
                        }
                        case 2: {
                            yield {
                                field: `${prefix}.sessionToken`,
                                value: reader.string()
                            };
                            break;
                        }
                        case 3: {
                            yield {
                                field: `${prefix}.errorMessage`,
                                value: reader.string()
                            };
                            break;
                        }
                        case 4: {
                            yield {
                                field: `${prefix}.kyberPublicKey`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 16: {
                            yield {
                                field: `${prefix}.suite`,
                                value: reader.uint32()
                            };
                            break;
                        }
                        case 17: {
                            yield {
                                field: `${prefix}.attestationDocument`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 18: {
                            yield {
                                field: `${prefix}.nodeStatement`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 19: {
                            yield {
                                field: `${prefix}.sessionTtlSeconds`,
                                value: reader.uint32()
                            };
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
            });
        }
        return _codec;
    };
    function encode(obj) {
        return encodeMessage(obj, IntentResponse.codec());
    }
    IntentResponse.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, IntentResponse.codec(), opts);
    }
    IntentResponse.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, IntentResponse.codec(), opts);
    }
    IntentResponse.stream = stream;
})(IntentResponse || (IntentResponse = {}));
export var LogicRequest;
(function (LogicRequest) {
    let LogicRequest$inputsEntry;
    (function (LogicRequest$inputsEntry) {
        let _codec;
        LogicRequest$inputsEntry.codec = () => {
            if (_codec == null) {
                _codec = message((obj, w, opts = {}) => {
                    if (opts.lengthDelimited !== false) {
                        w.fork();
                    }
                    if ((obj.key != null && obj.key !== '')) {
                        w.uint32(10);
                        w.string(obj.key);
                    }
                    if ((obj.value != null && obj.value.byteLength > 0)) {
                        w.uint32(18);
                        w.bytes(obj.value);
                    }
                    if (opts.lengthDelimited !== false) {
                        w.ldelim();
                    }
                }, (reader, length, opts = {}) => {
                    const obj = {
                        key: '',
                        value: uint8ArrayAlloc(0)
                    };
                    const end = length == null ? reader.len : reader.pos + length;
                    while (reader.pos < end) {
                        const tag = reader.uint32();
                        switch (tag >>> 3) {
                            case 1: {
                                obj.key = reader.string();
                                break;
                            }
                            case 2: {
                                obj.value = reader.bytes();
                                break;
                            }
                            default: {
                                reader.skipType(tag & 7);
                                break;
                            }
                        }
                    }
                    return obj;
                }, function* (reader, length, prefix, opts = {}) {
                    const end = length == null ? reader.len : reader.pos + length;
                    while (reader.pos < end) {
                        const tag = reader.uint32();
                        switch (tag >>> 3) {
                            case 1: {
                                yield {
                                    field: `${prefix}.key`,
                                    value: reader.string()
                                };
                                break;
                            }
                            case 2: {
                                yield {
                                    field: `${prefix}.value`,
                                    value: reader.bytes()
                                };
                                break;
                            }
                            default: {
                                reader.skipType(tag & 7);
                                break;
                            }
                        }
                    }
                });
            }
            return _codec;
        };
        function encode(obj) {
            return encodeMessage(obj, LogicRequest$inputsEntry.codec());
        }
        LogicRequest$inputsEntry.encode = encode;
        function decode(buf, opts) {
            return decodeMessage(buf, LogicRequest$inputsEntry.codec(), opts);
        }
        LogicRequest$inputsEntry.decode = decode;
        function stream(buf, opts) {
            return streamMessage(buf, LogicRequest$inputsEntry.codec(), opts);
        }
        LogicRequest$inputsEntry.stream = stream;
    })(LogicRequest$inputsEntry = LogicRequest.LogicRequest$inputsEntry || (LogicRequest.LogicRequest$inputsEntry = {}));
    let _codec;
    LogicRequest.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.sessionToken != null && obj.sessionToken !== '')) {
                    w.uint32(10);
                    w.string(obj.sessionToken);
                }
                if ((obj.wasmBinary != null && obj.wasmBinary.byteLength > 0)) {
                    w.uint32(18);
                    w.bytes(obj.wasmBinary);
                }
                if (obj.inputs != null && obj.inputs.size > 0) {
                    for (const [key, value] of obj.inputs.entries()) {
                        w.uint32(26);
                        LogicRequest.LogicRequest$inputsEntry.codec().encode({ key, value }, w);
                    }
                }
                if ((obj.pqcCiphertext != null && obj.pqcCiphertext.byteLength > 0)) {
                    w.uint32(34);
                    w.bytes(obj.pqcCiphertext);
                }
                if ((obj.aesNonce != null && obj.aesNonce.byteLength > 0)) {
                    w.uint32(42);
                    w.bytes(obj.aesNonce);
                }
                if ((obj.stream != null && obj.stream !== 0n)) {
                    w.uint32(128);
                    w.uint64(obj.stream);
                }
                if ((obj.clientSignature != null && obj.clientSignature.byteLength > 0)) {
                    w.uint32(138);
                    w.bytes(obj.clientSignature);
                }
                if ((obj.capability != null && obj.capability !== '')) {
                    w.uint32(146);
                    w.string(obj.capability);
                }
                if (obj.datasets != null && obj.datasets.length > 0) {
                    for (const value of obj.datasets) {
                        w.uint32(154);
                        DatasetGrant.codec().encode(value, w);
                    }
                }
                if ((obj.deadlineMs != null && obj.deadlineMs !== 0)) {
                    w.uint32(160);
                    w.uint32(obj.deadlineMs);
                }
                if ((obj.proofMode != null && obj.proofMode !== '')) {
                    w.uint32(170);
                    w.string(obj.proofMode);
                }
                if (obj.moduleCapabilities != null && obj.moduleCapabilities.length > 0) {
                    for (const value of obj.moduleCapabilities) {
                        w.uint32(178);
                        w.string(value);
                    }
                }
                if ((obj.requestNonce != null && obj.requestNonce.byteLength > 0)) {
                    w.uint32(186);
                    w.bytes(obj.requestNonce);
                }
                if ((obj.abi != null && obj.abi !== '')) {
                    w.uint32(194);
                    w.string(obj.abi);
                }
                if ((obj.moduleBytes != null && obj.moduleBytes !== 0)) {
                    w.uint32(200);
                    w.uint32(obj.moduleBytes);
                }
                if ((obj.job != null && obj.job !== '')) {
                    w.uint32(210);
                    w.string(obj.job);
                }
                if ((obj.cancelJob != null && obj.cancelJob !== false)) {
                    w.uint32(216);
                    w.bool(obj.cancelJob);
                }
                if (obj.watch != null) {
                    w.uint32(226);
                    Watch.codec().encode(obj.watch, w);
                }
                if (obj.resent != null) {
                    w.uint32(234);
                    Resent.codec().encode(obj.resent, w);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    sessionToken: '',
                    wasmBinary: uint8ArrayAlloc(0),
                    inputs: new Map(),
                    pqcCiphertext: uint8ArrayAlloc(0),
                    aesNonce: uint8ArrayAlloc(0),
                    stream: 0n,
                    clientSignature: uint8ArrayAlloc(0),
                    capability: '',
                    datasets: [],
                    deadlineMs: 0,
                    proofMode: '',
                    moduleCapabilities: [],
                    requestNonce: uint8ArrayAlloc(0),
                    abi: '',
                    moduleBytes: 0,
                    job: '',
                    cancelJob: false
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.sessionToken = reader.string();
                            break;
                        }
                        case 2: {
                            obj.wasmBinary = reader.bytes();
                            break;
                        }
                        case 3: {
                            if (opts.limits?.inputs != null && obj.inputs.size === opts.limits.inputs) {
                                throw new MaxSizeError('Decode error - map field "inputs" had too many elements');
                            }
                            const entry = LogicRequest.LogicRequest$inputsEntry.codec().decode(reader, reader.uint32(), {
                                limits: {
                                    value: opts.limits?.inputs$value
                                }
                            });
                            obj.inputs.set(entry.key, entry.value);
                            break;
                        }
                        case 4: {
                            obj.pqcCiphertext = reader.bytes();
                            break;
                        }
                        case 5: {
                            obj.aesNonce = reader.bytes();
                            break;
                        }
                        case 16: {
                            obj.stream = reader.uint64();
                            break;
                        }
                        case 17: {
                            obj.clientSignature = reader.bytes();
                            break;
                        }
                        case 18: {
                            obj.capability = reader.string();
                            break;
                        }
                        case 19: {
                            if (opts.limits?.datasets != null && obj.datasets.length === opts.limits.datasets) {
                                throw new MaxLengthError('Decode error - repeated field "datasets" had too many elements');
                            }
                            obj.datasets.push(DatasetGrant.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.datasets$
                            }));
                            break;
                        }
                        case 20: {
                            obj.deadlineMs = reader.uint32();
                            break;
                        }
                        case 21: {
                            obj.proofMode = reader.string();
                            break;
                        }
                        case 22: {
                            if (opts.limits?.moduleCapabilities != null && obj.moduleCapabilities.length === opts.limits.moduleCapabilities) {
                                throw new MaxLengthError('Decode error - repeated field "moduleCapabilities" had too many elements');
                            }
                            obj.moduleCapabilities.push(reader.string());
                            break;
                        }
                        case 23: {
                            obj.requestNonce = reader.bytes();
                            break;
                        }
                        case 24: {
                            obj.abi = reader.string();
                            break;
                        }
                        case 25: {
                            obj.moduleBytes = reader.uint32();
                            break;
                        }
                        case 26: {
                            obj.job = reader.string();
                            break;
                        }
                        case 27: {
                            obj.cancelJob = reader.bool();
                            break;
                        }
                        case 28: {
                            obj.watch = Watch.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.watch
                            });
                            break;
                        }
                        case 29: {
                            obj.resent = Resent.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.resent
                            });
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const obj = {
                    inputs: 0,
                    datasets: 0,
                    moduleCapabilities: 0
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield {
                                field: `${prefix}.sessionToken`,
                                value: reader.string()
                            };
                            break;
                        }
                        case 2: {
                            yield {
                                field: `${prefix}.wasmBinary`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 3: {
                            if (opts.limits?.inputs != null && obj.inputs === opts.limits.inputs) {
                                throw new MaxLengthError('Decode error - map field "inputs" had too many elements');
                            }
                            yield* LogicRequest.LogicRequest$inputsEntry.codec().stream(reader, reader.uint32(), `${prefix}.inputs{}`, {
                                limits: {
                                    value: opts.limits?.inputs$value
                                }
                            });
                            obj.inputs++;
                            break;
                        }
                        case 4: {
                            yield {
                                field: `${prefix}.pqcCiphertext`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 5: {
                            yield {
                                field: `${prefix}.aesNonce`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 16: {
                            yield {
                                field: `${prefix}.stream`,
                                value: reader.uint64()
                            };
                            break;
                        }
                        case 17: {
                            yield {
                                field: `${prefix}.clientSignature`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 18: {
                            yield {
                                field: `${prefix}.capability`,
                                value: reader.string()
                            };
                            break;
                        }
                        case 19: {
                            if (opts.limits?.datasets != null && obj.datasets === opts.limits.datasets) {
                                throw new MaxLengthError('Streaming decode error - repeated field "datasets" had too many elements');
                            }
                            for (const evt of DatasetGrant.codec().stream(reader, reader.uint32(), `${prefix}.datasets[]`, {
                                limits: opts.limits?.datasets$
                            })) {
                                yield {
                                    ...evt,
                                    index: obj.datasets
                                };
                            }
                            obj.datasets++;
                            break;
                        }
                        case 20: {
                            yield {
                                field: `${prefix}.deadlineMs`,
                                value: reader.uint32()
                            };
                            break;
                        }
                        case 21: {
                            yield {
                                field: `${prefix}.proofMode`,
                                value: reader.string()
                            };
                            break;
                        }
                        case 22: {
                            if (opts.limits?.moduleCapabilities != null && obj.moduleCapabilities === opts.limits.moduleCapabilities) {
                                throw new MaxLengthError('Streaming decode error - repeated field "moduleCapabilities" had too many elements');
                            }
                            yield {
                                field: `${prefix}.moduleCapabilities[]`,
                                index: obj.moduleCapabilities,
                                value: reader.string()
                            };
                            obj.moduleCapabilities++;
                            break;
                        }
                        case 23: {
                            yield {
                                field: `${prefix}.requestNonce`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 24: {
                            yield {
                                field: `${prefix}.abi`,
                                value: reader.string()
                            };
                            break;
                        }
                        case 25: {
                            yield {
                                field: `${prefix}.moduleBytes`,
                                value: reader.uint32()
                            };
                            break;
                        }
                        case 26: {
                            yield {
                                field: `${prefix}.job`,
                                value: reader.string()
                            };
                            break;
                        }
                        case 27: {
                            yield {
                                field: `${prefix}.cancelJob`,
                                value: reader.bool()
                            };
                            break;
                        }
                        case 28: {
                            yield* Watch.codec().stream(reader, reader.uint32(), `${prefix}.watch`, {
                                limits: opts.limits?.watch
                            });
                            break;
                        }
                        case 29: {
                            yield* Resent.codec().stream(reader, reader.uint32(), `${prefix}.resent`, {
                                limits: opts.limits?.resent
                            });
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
            });
        }
        return _codec;
    };
    function encode(obj) {
        return encodeMessage(obj, LogicRequest.codec());
    }
    LogicRequest.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, LogicRequest.codec(), opts);
    }
    LogicRequest.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, LogicRequest.codec(), opts);
    }
    LogicRequest.stream = stream;
})(LogicRequest || (LogicRequest = {}));
export var Resent;
(function (Resent) {
    let _codec;
    Resent.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.sessionToken != null && obj.sessionToken !== '')) {
                    w.uint32(10);
                    w.string(obj.sessionToken);
                }
                if ((obj.stream != null && obj.stream !== 0n)) {
                    w.uint32(16);
                    w.uint64(obj.stream);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    sessionToken: '',
                    stream: 0n
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.sessionToken = reader.string();
                            break;
                        }
                        case 2: {
                            obj.stream = reader.uint64();
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield {
                                field: `${prefix}.sessionToken`,
                                value: reader.string()
                            };
                            break;
                        }
                        case 2: {
                            yield {
                                field: `${prefix}.stream`,
                                value: reader.uint64()
                            };
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
            });
        }
        return _codec;
    };
    function encode(obj) {
        return encodeMessage(obj, Resent.codec());
    }
    Resent.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, Resent.codec(), opts);
    }
    Resent.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, Resent.codec(), opts);
    }
    Resent.stream = stream;
})(Resent || (Resent = {}));
export var Watch;
(function (Watch) {
    let _codec;
    Watch.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.everyMs != null && obj.everyMs !== 0)) {
                    w.uint32(8);
                    w.uint32(obj.everyMs);
                }
                if ((obj.events != null && obj.events !== 0)) {
                    w.uint32(16);
                    w.uint32(obj.events);
                }
                if ((obj.ttlMs != null && obj.ttlMs !== 0)) {
                    w.uint32(24);
                    w.uint32(obj.ttlMs);
                }
                if ((obj.changes != null && obj.changes !== false)) {
                    w.uint32(32);
                    w.bool(obj.changes);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    everyMs: 0,
                    events: 0,
                    ttlMs: 0,
                    changes: false
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.everyMs = reader.uint32();
                            break;
                        }
                        case 2: {
                            obj.events = reader.uint32();
                            break;
                        }
                        case 3: {
                            obj.ttlMs = reader.uint32();
                            break;
                        }
                        case 4: {
                            obj.changes = reader.bool();
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield {
                                field: `${prefix}.everyMs`,
                                value: reader.uint32()
                            };
                            break;
                        }
                        case 2: {
                            yield {
                                field: `${prefix}.events`,
                                value: reader.uint32()
                            };
                            break;
                        }
                        case 3: {
                            yield {
                                field: `${prefix}.ttlMs`,
                                value: reader.uint32()
                            };
                            break;
                        }
                        case 4: {
                            yield {
                                field: `${prefix}.changes`,
                                value: reader.bool()
                            };
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
            });
        }
        return _codec;
    };
    function encode(obj) {
        return encodeMessage(obj, Watch.codec());
    }
    Watch.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, Watch.codec(), opts);
    }
    Watch.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, Watch.codec(), opts);
    }
    Watch.stream = stream;
})(Watch || (Watch = {}));
export var DatasetGrant;
(function (DatasetGrant) {
    let _codec;
    DatasetGrant.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.dataset != null && obj.dataset !== '')) {
                    w.uint32(10);
                    w.string(obj.dataset);
                }
                if (obj.columns != null && obj.columns.length > 0) {
                    for (const value of obj.columns) {
                        w.uint32(18);
                        w.string(value);
                    }
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    dataset: '',
                    columns: []
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.dataset = reader.string();
                            break;
                        }
                        case 2: {
                            if (opts.limits?.columns != null && obj.columns.length === opts.limits.columns) {
                                throw new MaxLengthError('Decode error - repeated field "columns" had too many elements');
                            }
                            obj.columns.push(reader.string());
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const obj = {
                    columns: 0
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield {
                                field: `${prefix}.dataset`,
                                value: reader.string()
                            };
                            break;
                        }
                        case 2: {
                            if (opts.limits?.columns != null && obj.columns === opts.limits.columns) {
                                throw new MaxLengthError('Streaming decode error - repeated field "columns" had too many elements');
                            }
                            yield {
                                field: `${prefix}.columns[]`,
                                index: obj.columns,
                                value: reader.string()
                            };
                            obj.columns++;
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
            });
        }
        return _codec;
    };
    function encode(obj) {
        return encodeMessage(obj, DatasetGrant.codec());
    }
    DatasetGrant.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, DatasetGrant.codec(), opts);
    }
    DatasetGrant.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, DatasetGrant.codec(), opts);
    }
    DatasetGrant.stream = stream;
})(DatasetGrant || (DatasetGrant = {}));
export var LogicResponse;
(function (LogicResponse) {
    let _codec;
    LogicResponse.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.semanticEvidence != null && obj.semanticEvidence !== '')) {
                    w.uint32(10);
                    w.string(obj.semanticEvidence);
                }
                if ((obj.cryptographicProof != null && obj.cryptographicProof.byteLength > 0)) {
                    w.uint32(18);
                    w.bytes(obj.cryptographicProof);
                }
                if ((obj.zkReceipt != null && obj.zkReceipt.byteLength > 0)) {
                    w.uint32(26);
                    w.bytes(obj.zkReceipt);
                }
                if ((obj.inputSalt != null && obj.inputSalt.byteLength > 0)) {
                    w.uint32(130);
                    w.bytes(obj.inputSalt);
                }
                if ((obj.outputSalt != null && obj.outputSalt.byteLength > 0)) {
                    w.uint32(138);
                    w.bytes(obj.outputSalt);
                }
                if ((obj.inputCommitment != null && obj.inputCommitment.byteLength > 0)) {
                    w.uint32(146);
                    w.bytes(obj.inputCommitment);
                }
                if (obj.refusal != null) {
                    w.uint32(154);
                    Refusal.codec().encode(obj.refusal, w);
                }
                if ((obj.job != null && obj.job !== '')) {
                    w.uint32(162);
                    w.string(obj.job);
                }
                if ((obj.jobState != null && obj.jobState !== '')) {
                    w.uint32(170);
                    w.string(obj.jobState);
                }
                if ((obj.jobBefore != null && obj.jobBefore !== 0)) {
                    w.uint32(176);
                    w.uint32(obj.jobBefore);
                }
                if ((obj.segments != null && obj.segments !== 0)) {
                    w.uint32(184);
                    w.uint32(obj.segments);
                }
                if ((obj.segmentsProven != null && obj.segmentsProven !== 0)) {
                    w.uint32(192);
                    w.uint32(obj.segmentsProven);
                }
                if ((obj.cycles != null && obj.cycles !== 0n)) {
                    w.uint32(200);
                    w.uint64(obj.cycles);
                }
                if (obj.watch != null) {
                    w.uint32(210);
                    Watch.codec().encode(obj.watch, w);
                }
                if ((obj.look != null && obj.look !== 0n)) {
                    w.uint32(216);
                    w.uint64(obj.look);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    semanticEvidence: '',
                    cryptographicProof: uint8ArrayAlloc(0),
                    zkReceipt: uint8ArrayAlloc(0),
                    inputSalt: uint8ArrayAlloc(0),
                    outputSalt: uint8ArrayAlloc(0),
                    inputCommitment: uint8ArrayAlloc(0),
                    job: '',
                    jobState: '',
                    jobBefore: 0,
                    segments: 0,
                    segmentsProven: 0,
                    cycles: 0n,
                    look: 0n
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.semanticEvidence = reader.string();
                            break;
                        }
                        case 2: {
                            obj.cryptographicProof = reader.bytes();
                            break;
                        }
                        case 3: {
                            obj.zkReceipt = reader.bytes();
                            break;
                        }
                        case 16: {
                            obj.inputSalt = reader.bytes();
                            break;
                        }
                        case 17: {
                            obj.outputSalt = reader.bytes();
                            break;
                        }
                        case 18: {
                            obj.inputCommitment = reader.bytes();
                            break;
                        }
                        case 19: {
                            obj.refusal = Refusal.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.refusal
                            });
                            break;
                        }
                        case 20: {
                            obj.job = reader.string();
                            break;
                        }
                        case 21: {
                            obj.jobState = reader.string();
                            break;
                        }
                        case 22: {
                            obj.jobBefore = reader.uint32();
                            break;
                        }
                        case 23: {
                            obj.segments = reader.uint32();
                            break;
                        }
                        case 24: {
                            obj.segmentsProven = reader.uint32();
                            break;
                        }
                        case 25: {
                            obj.cycles = reader.uint64();
                            break;
                        }
                        case 26: {
                            obj.watch = Watch.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.watch
                            });
                            break;
                        }
                        case 27: {
                            obj.look = reader.uint64();
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield {
                                field: `${prefix}.semanticEvidence`,
                                value: reader.string()
                            };
                            break;
                        }
                        case 2: {
                            yield {
                                field: `${prefix}.cryptographicProof`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 3: {
                            yield {
                                field: `${prefix}.zkReceipt`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 16: {
                            yield {
                                field: `${prefix}.inputSalt`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 17: {
                            yield {
                                field: `${prefix}.outputSalt`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 18: {
                            yield {
                                field: `${prefix}.inputCommitment`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 19: {
                            yield* Refusal.codec().stream(reader, reader.uint32(), `${prefix}.refusal`, {
                                limits: opts.limits?.refusal
                            });
                            break;
                        }
                        case 20: {
                            yield {
                                field: `${prefix}.job`,
                                value: reader.string()
                            };
                            break;
                        }
                        case 21: {
                            yield {
                                field: `${prefix}.jobState`,
                                value: reader.string()
                            };
                            break;
                        }
                        case 22: {
                            yield {
                                field: `${prefix}.jobBefore`,
                                value: reader.uint32()
                            };
                            break;
                        }
                        case 23: {
                            yield {
                                field: `${prefix}.segments`,
                                value: reader.uint32()
                            };
                            break;
                        }
                        case 24: {
                            yield {
                                field: `${prefix}.segmentsProven`,
                                value: reader.uint32()
                            };
                            break;
                        }
                        case 25: {
                            yield {
                                field: `${prefix}.cycles`,
                                value: reader.uint64()
                            };
                            break;
                        }
                        case 26: {
                            yield* Watch.codec().stream(reader, reader.uint32(), `${prefix}.watch`, {
                                limits: opts.limits?.watch
                            });
                            break;
                        }
                        case 27: {
                            yield {
                                field: `${prefix}.look`,
                                value: reader.uint64()
                            };
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
            });
        }
        return _codec;
    };
    function encode(obj) {
        return encodeMessage(obj, LogicResponse.codec());
    }
    LogicResponse.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, LogicResponse.codec(), opts);
    }
    LogicResponse.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, LogicResponse.codec(), opts);
    }
    LogicResponse.stream = stream;
})(LogicResponse || (LogicResponse = {}));
export var Refusal;
(function (Refusal) {
    let _codec;
    Refusal.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.stage != null && obj.stage !== '')) {
                    w.uint32(10);
                    w.string(obj.stage);
                }
                if ((obj.code != null && obj.code !== '')) {
                    w.uint32(18);
                    w.string(obj.code);
                }
                if ((obj.countBucket != null && obj.countBucket !== '')) {
                    w.uint32(26);
                    w.string(obj.countBucket);
                }
                if ((obj.retryable != null && obj.retryable !== false)) {
                    w.uint32(32);
                    w.bool(obj.retryable);
                }
                if ((obj.auditId != null && obj.auditId !== '')) {
                    w.uint32(42);
                    w.string(obj.auditId);
                }
                if (obj.reasons != null && obj.reasons.length > 0) {
                    for (const value of obj.reasons) {
                        w.uint32(50);
                        w.string(value);
                    }
                }
                if ((obj.padding != null && obj.padding.byteLength > 0)) {
                    w.uint32(122);
                    w.bytes(obj.padding);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    stage: '',
                    code: '',
                    countBucket: '',
                    retryable: false,
                    auditId: '',
                    reasons: [],
                    padding: uint8ArrayAlloc(0)
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.stage = reader.string();
                            break;
                        }
                        case 2: {
                            obj.code = reader.string();
                            break;
                        }
                        case 3: {
                            obj.countBucket = reader.string();
                            break;
                        }
                        case 4: {
                            obj.retryable = reader.bool();
                            break;
                        }
                        case 5: {
                            obj.auditId = reader.string();
                            break;
                        }
                        case 6: {
                            if (opts.limits?.reasons != null && obj.reasons.length === opts.limits.reasons) {
                                throw new MaxLengthError('Decode error - repeated field "reasons" had too many elements');
                            }
                            obj.reasons.push(reader.string());
                            break;
                        }
                        case 15: {
                            obj.padding = reader.bytes();
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const obj = {
                    reasons: 0
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield {
                                field: `${prefix}.stage`,
                                value: reader.string()
                            };
                            break;
                        }
                        case 2: {
                            yield {
                                field: `${prefix}.code`,
                                value: reader.string()
                            };
                            break;
                        }
                        case 3: {
                            yield {
                                field: `${prefix}.countBucket`,
                                value: reader.string()
                            };
                            break;
                        }
                        case 4: {
                            yield {
                                field: `${prefix}.retryable`,
                                value: reader.bool()
                            };
                            break;
                        }
                        case 5: {
                            yield {
                                field: `${prefix}.auditId`,
                                value: reader.string()
                            };
                            break;
                        }
                        case 6: {
                            if (opts.limits?.reasons != null && obj.reasons === opts.limits.reasons) {
                                throw new MaxLengthError('Streaming decode error - repeated field "reasons" had too many elements');
                            }
                            yield {
                                field: `${prefix}.reasons[]`,
                                index: obj.reasons,
                                value: reader.string()
                            };
                            obj.reasons++;
                            break;
                        }
                        case 15: {
                            yield {
                                field: `${prefix}.padding`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
            });
        }
        return _codec;
    };
    function encode(obj) {
        return encodeMessage(obj, Refusal.codec());
    }
    Refusal.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, Refusal.codec(), opts);
    }
    Refusal.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, Refusal.codec(), opts);
    }
    Refusal.stream = stream;
})(Refusal || (Refusal = {}));
