/**
 * The one door from the command line to code of the node: commands that judge, build or start
 * something locally load it from here, and only when they run.
 */

/** The guardian with its native authority, for `guard` and `inspect module`. */
export async function loadGuard() {
  const [
    { createGuardian },
    { loadAuthority },
    policy,
    schema,
    decode,
    component,
    info,
    texts,
    manifest,
  ] = await Promise.all([
    import('../../enclave/guardian/create-guardian.ts'),
    import('../../enclave/guardian/authority.ts'),
    import('../../enclave/guardian/policy.ts'),
    import('../../enclave/guardian/policy-schema.ts'),
    import('../../enclave/guardian/decode-module.ts'),
    import('../../enclave/guardian/component.ts'),
    import('../../enclave/guardian/module-info.ts'),
    import('../../enclave/guardian/judge-script.ts'),
    import('../../enclave/guardian/manifest-of.ts'),
  ]);
  const { DEFAULT_POLICY } = policy;
  const { parseManifest, parsePolicy } = schema;
  return {
    createGuardian,
    authority: loadAuthority(),
    DEFAULT_POLICY,
    parseManifest,
    parsePolicy,
    decodeModule: decode.decodeModule,
    decodeComponent: component.decodeComponent,
    isComponent: component.isComponent,
    emptyModule: info.emptyModule,
    emptyComponent: component.emptyComponent,
    judgeScript: texts.judgeScript,
    manifestOf: manifest.manifestOf,
  };
}

/** The parent process with its supervisor, for `start` and `demo`. */
export async function loadParent() {
  return import('../../parent/main.ts');
}

/** The parent of a prover or giver, for `start --role`. */
export async function loadRoleParent() {
  return import('../../parent/role.ts');
}

/** The egress filter's scanner, for `scan`. */
export async function loadEgress() {
  return import('../../enclave/egress/scanner.ts');
}

/** Reading, comparing and checking enclave images, for `inspect eif`, `pcrs`, `start` and `doctor`. */
export async function loadImage() {
  const [format, describe, diff, preflight] = await Promise.all([
    import('../../enclave/image/eif-format.ts'),
    import('../../enclave/image/describe.ts'),
    import('../../enclave/image/diff.ts'),
    import('../../enclave/image/preflight.ts'),
  ]);
  return {
    EIF_BYTES_MAX: format.EIF_BYTES_MAX,
    describeEif: describe.describeEif,
    diffImages: diff.diffImages,
    checkImage: preflight.checkImage,
    memoryNeededMiB: preflight.memoryNeededMiB,
  };
}

/** What runs images, for `start` with an image. */
export async function loadMachines() {
  const [nitro, cli, qemu] = await Promise.all([
    import('../../parent/supervisor/nitro.ts'),
    import('../../parent/supervisor/nitro-cli.ts'),
    import('../../parent/supervisor/qemu.ts'),
  ]);
  return {
    createNitroDriver: nitro.createNitroDriver,
    createNitroCli: cli.createNitroCli,
    createQemuDriver: qemu.createQemuDriver,
  };
}

/** Sealing a dataset, for `seal`. */
export async function loadSeal() {
  const [stream, header, keys, dataKey, limits] = await Promise.all([
    import('../../enclave/data/sealed/stream.ts'),
    import('../../enclave/data/sealed/header.ts'),
    import('../../enclave/data/sealed/keys.ts'),
    import('../../enclave/kms/data-key.ts'),
    import('../../enclave/data/limits.ts'),
  ]);
  return {
    sealBytes: stream.sealBytes,
    chunkBytes: header.CHUNK_BYTES.default,
    encryptionContext: keys.encryptionContext,
    localKeyId: keys.localKeyId,
    parseKeyFile: keys.parseKeyFile,
    wrapLocally: keys.wrapLocally,
    generateDataKey: dataKey.generateDataKey,
    fileBytesMax: limits.DATASET_LIMITS.fileBytes,
  };
}
