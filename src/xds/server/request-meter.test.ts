import { EventEmitter } from 'node:events';
import { beforeEach, describe, expect, it } from 'vitest';
import { ByteBudget } from './byte-budget.ts';
import { RequestMeter } from './request-meter.ts';

class StandIn extends EventEmitter {
  isPaused = false;
  pause(): this {
    this.isPaused = true;
    return this;
  }
  resume(): this {
    this.isPaused = false;
    return this;
  }
}

function message(length: number): Buffer {
  const bytes = Buffer.alloc(5 + length);
  bytes.writeUInt32BE(length, 1);
  return bytes;
}

describe('the meter of requests', () => {
  let budget: ByteBudget;
  let complaints: string[];

  beforeEach(() => {
    budget = new ByteBudget({ total: 1_000, perPeer: 1_000 });
    complaints = [];
  });

  function metered(peer: string): { stream: StandIn; meter: RequestMeter } {
    const stream = new StandIn();
    const onInvalid = (text: string) => complaints.push(text);
    const meter = new RequestMeter({ stream: stream as never, peer, budget, onInvalid });
    return { stream, meter };
  }

  it('asks for nothing where messages are whole, however many are in a frame', () => {
    const { stream, meter } = metered('a');
    stream.emit('data', Buffer.concat([message(300), message(0), message(900)]));
    expect([budget.used, meter.begunAt]).toEqual([0, undefined]);
  });

  it('takes no room for what still arrives on a stream that was ended: nothing would give it back', () => {
    const { stream, meter } = metered('a');
    stream.emit('data', message(600).subarray(0, 100));
    meter.close();
    stream.emit('data', Buffer.concat([message(600).subarray(100), message(500).subarray(0, 50)]));
    meter.release();
    expect([budget.used, budget.waiting]).toEqual([0, 0]);
  });

  it('reserves the length of a message that has begun, and holds it until it was worked off', () => {
    const { stream, meter } = metered('a');
    const bytes = message(600);
    stream.emit('data', bytes.subarray(0, 3));
    expect([budget.used, meter.begunAt]).toEqual([0, expect.any(Number)]);
    stream.emit('data', bytes.subarray(3, 100));
    expect(budget.used).toBe(600);
    stream.emit('data', bytes.subarray(100));
    expect([budget.used, meter.begunAt]).toEqual([600, undefined]);
    meter.release();
    expect(budget.used).toBe(0);
  });

  it('holds a client back for which there is no room, and continues when there is', () => {
    const [first, second] = [metered('a'), metered('b')];
    first.stream.emit('data', message(600).subarray(0, 100));
    second.stream.emit('data', message(600).subarray(0, 100));
    expect([second.stream.isPaused, second.meter.isWaiting, second.meter.begunAt]).toEqual([true, true, undefined]);
    first.meter.close();
    expect([second.stream.isPaused, second.meter.isWaiting, budget.used]).toEqual([false, false, 600]);
  });

  it('does not wait for room that earlier requests of its own hold', () => {
    const { stream, meter } = metered('a');
    const bytes = message(600);
    for (let request = 0; request < 5; request += 1) {
      stream.emit('data', bytes.subarray(0, 100));
      expect([stream.isPaused, meter.isWaiting]).toEqual([false, false]);
      stream.emit('data', bytes.subarray(100));
    }
    expect(budget.used).toBe(600);
  });

  it('keeps the room of a message that is being received when what came before is worked off', () => {
    const { stream, meter } = metered('a');
    stream.emit('data', message(300).subarray(0, 100));
    stream.emit('data', Buffer.concat([message(300).subarray(100), message(400).subarray(0, 50)]));
    expect(budget.used).toBe(700);
    meter.release();
    expect(budget.used).toBe(400);
  });

  it('complains of crumbs, which cost more than they say, and of compression, which hides how much comes', () => {
    const crumbling = metered('a');
    for (const byte of message(2_000)) crumbling.stream.emit('data', Buffer.from([byte]));
    expect(complaints[0]).toMatch(/pieces that are too small/);
    const compressed = message(10);
    compressed[0] = 1;
    metered('b').stream.emit('data', compressed);
    expect(complaints.at(-1)).toMatch(/compressed/);
  });
});
