import type { EndpointSlice } from '../../model/endpoint.ts';
import type { KindName, ModelReader, ObjectKinds, Question } from '../../model/model.ts';

/** Something that was asked of the model. */
export interface Read {
  readonly question: Question;
  readonly key: string;
}

/** Answers as the model does, and notes what was asked. */
export class RecordingReader implements ModelReader {
  readonly reads: Read[] = [];
  readonly #model: ModelReader;

  constructor(model: ModelReader) {
    this.#model = model;
  }

  get<K extends KindName>(kind: K, key: string): ObjectKinds[K] | undefined {
    this.#note(kind, key);
    return this.#model.get(kind, key);
  }

  slicesOf(serviceKey: string): readonly EndpointSlice[] {
    this.#note('slicesOf', serviceKey);
    return this.#model.slicesOf(serviceKey);
  }

  ownerOf(clusterIP: string): string | undefined {
    this.#note('ownerOf', clusterIP);
    return this.#model.ownerOf(clusterIP);
  }

  /** Told as a change of `slicesOf`. */
  policedNodesOf(serviceKey: string): ReadonlySet<string> | undefined {
    this.#note('slicesOf', serviceKey);
    return this.#model.policedNodesOf(serviceKey);
  }

  kernelPathPodsOf(nodeName: string): readonly string[] {
    this.#note('kernelPathPodsOf', nodeName);
    return this.#model.kernelPathPodsOf(nodeName);
  }

  serviceCidrs(): readonly string[] {
    this.#note('serviceCidrs', '');
    return this.#model.serviceCidrs();
  }

  #note(question: Question, key: string): void {
    this.reads.push({ question, key });
  }
}
