// Reads the API server with a pod's service account and prints the keys of the Services it learned of.
import { pino } from 'pino';
import { ApiSource } from '../../src/kubernetes/api/api-source.ts';
import { coreKinds } from './core-kinds.ts';
import { ModelRecorder } from './model-recorder.ts';

const source = new ApiSource({
  origin: { kind: 'InCluster' },
  logger: pino(pino.destination(2)),
  kinds: coreKinds,
});
const recorder = ModelRecorder.of(source);
await recorder.until(() => recorder.isSynced);
process.stdout.write(JSON.stringify({ services: [...recorder.model.services.keys()] }));
await source.stop();
