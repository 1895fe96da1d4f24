import { describe, expect, it } from 'vitest';
import { aPort, aService } from '../../test/support/builders.ts';
import { asked, testOrigin } from '../../test/support/policy.ts';
import type { Service } from './service.ts';
import { effectivePolicy, settingNames, settings } from './settings.ts';

const port = aPort({ name: 'http', appProtocol: 'http' });
const service = (policy: Service['policy']) => aService({ ports: [port], policy });

describe('effectivePolicy', () => {
  it('is the default of every setting where nobody asked', () => {
    const policy = effectivePolicy(service({}), port);
    expect(Object.keys(policy)).toEqual(settingNames);
    for (const name of settingNames) {
      expect(policy[name]).toEqual({ value: settings[name].byDefault, origin: undefined });
    }
  });

  it('is what was asked for, and says where', () => {
    const policy = effectivePolicy(service(asked({ retries: 0, maxConnections: 7 })), port);
    expect(policy.retries).toEqual({ value: 0, origin: testOrigin });
    expect(policy.maxConnections).toEqual({ value: 7, origin: testOrigin });
    expect(policy.retryOn).toEqual({ value: [], origin: undefined });
  });

  it('tells a default from the same value that was asked for', () => {
    const { outlierConsecutiveErrors } = effectivePolicy(service(asked({ outlierConsecutiveErrors: 5 })), port);
    expect(outlierConsecutiveErrors.value).toBe(settings.outlierConsecutiveErrors.byDefault);
    expect(outlierConsecutiveErrors.origin).toBeDefined();
  });
});
