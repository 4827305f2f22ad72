import type { ErrorEntry } from './entry.ts';

/** What `nmp doctor` finds missing on an instance. Each remedy is one line to run or to do. */
export const DOCTOR_ERRORS = {
  DOCTOR_DRIVER: {
    stage: 'image',
    exit: 3,
    cause: 'There is no /dev/nitro_enclaves that this user may open.',
    remedy:
      'Use an instance with --enclave-options Enabled=true, then: sudo modprobe nitro_enclaves && sudo usermod -aG ne $USER',
  },
  DOCTOR_NITRO_CLI: {
    stage: 'image',
    exit: 3,
    cause: 'nitro-cli is not installed or does not run.',
    remedy: 'sudo dnf install -y aws-nitro-enclaves-cli',
  },
  DOCTOR_ALLOCATOR: {
    stage: 'image',
    exit: 3,
    cause: 'The allocator sets aside less memory or fewer CPUs than the enclave is to have.',
    remedy:
      'Set memory_mib and cpu_count in /etc/nitro_enclaves/allocator.yaml, then: sudo systemctl restart nitro-enclaves-allocator',
  },
  DOCTOR_HUGEPAGES: {
    stage: 'image',
    exit: 3,
    cause: 'Fewer huge pages are free than the enclave needs memory.',
    remedy:
      'sudo systemctl restart nitro-enclaves-allocator (after a reboot if memory is in pieces)',
  },
  DOCTOR_CPU_POOL: {
    stage: 'image',
    exit: 3,
    cause: 'The CPU pool of the driver holds fewer CPUs than the enclave is to have.',
    remedy: 'sudo systemctl enable --now nitro-enclaves-allocator',
  },
  DOCTOR_VSOCK: {
    stage: 'image',
    exit: 3,
    cause: 'There is no /dev/vsock.',
    remedy: 'sudo modprobe vhost_vsock',
  },
  DOCTOR_CLOCK: {
    stage: 'image',
    exit: 3,
    cause:
      'The clock of this machine is not synchronised: certificates and documents would not fit.',
    remedy: 'sudo systemctl enable --now chronyd',
  },
  DOCTOR_KMS: {
    stage: 'image',
    exit: 3,
    cause: 'The KMS endpoint of the region does not answer on port 443.',
    remedy:
      'Give the subnet a VPC endpoint for com.amazonaws.REGION.kms, or a way to the internet.',
  },
} as const satisfies Record<string, ErrorEntry>;
