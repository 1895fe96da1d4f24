const asIs = (bytes: Buffer) => bytes;

/** A gRPC method that streams both ways and leaves messages as bytes. */
export function streamingMethod(path: string) {
  return {
    path,
    requestStream: true,
    responseStream: true,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  } as const;
}
