import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';

const asIs = (bytes: Uint8Array): Buffer => bytes as Buffer;

/** `/test.Echo/Name` without a schema: any request, answered by the bytes of the backend's name. */
export const echoMethod = {
  path: '/test.Echo/Name',
  requestStream: false,
  responseStream: false,
  requestSerialize: asIs,
  requestDeserialize: asIs,
  responseSerialize: asIs,
  responseDeserialize: asIs,
} as const;

export interface GrpcBackend {
  readonly port: number;
  readonly stop: () => void;
}

export async function startGrpcBackend(name: string): Promise<GrpcBackend> {
  const server = new Server();
  server.addService(
    { name: echoMethod },
    {
      name: (_call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>) => answer(null, Buffer.from(name)),
    },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  return { port, stop: () => server.forceShutdown() };
}
