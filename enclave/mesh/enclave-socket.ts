/**
 * The seam to the outside of the enclave. In every mode the node speaks unix sockets: in `local`
 * mode the parent listens and connects there itself, in the image native/agent bridges them to
 * vsock (port 5005 inbound, 5006 outbound, 5008 datagrams inbound).
 */

export interface EnclaveSocket {
  /** Unix socket on which mesh connections come in. */
  readonly meshPath: string;
  /** Unix socket on which datagrams of QUIC come in, a stream a flow; for nodes that answer over it. */
  readonly datagramPath: string;
  /** Unix socket of the parent's dial proxy; undefined if the node makes no outbound connections. */
  readonly dialPath?: string;
}

/** The sockets inside a run directory: `mesh.sock`, `quic.sock` and, if asked for, `dial.sock`. */
export function unixEnclaveSocket(directory: string, outbound: boolean): EnclaveSocket {
  return {
    meshPath: `${directory}/mesh.sock`,
    datagramPath: `${directory}/quic.sock`,
    ...(outbound ? { dialPath: `${directory}/dial.sock` } : {}),
  };
}
