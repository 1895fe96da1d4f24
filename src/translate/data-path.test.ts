import { describe, expect, it } from 'vitest';
import { aService } from '../../test/support/builders.ts';
import { asked } from '../../test/support/policy.ts';
import type { DataPathChoice } from '../model/policy.ts';
import type { Service, ServicePort } from '../model/service.ts';
import { dataPathOf } from './data-path.ts';

const http: ServicePort = { name: 'http', protocol: 'TCP', port: 80, appProtocol: 'http' };
const tcp: ServicePort = { name: 'db', protocol: 'TCP', port: 5432, appProtocol: 'tcp' };
const dns: ServicePort = { name: 'dns', protocol: 'TCP', port: 53, appProtocol: 'tcp' };
const udp: ServicePort = { name: 'dns', protocol: 'UDP', port: 53, appProtocol: 'tcp' };

function service(rest: Partial<Service> = {}, dataPath?: DataPathChoice): Service {
  return aService({ ports: [], policy: dataPath === undefined ? {} : asked({ dataPath }), ...rest });
}

const sticky: Partial<Service> = { sessionAffinity: { kind: 'ClientIP', timeoutSeconds: 60 } };
const apiServer: Partial<Service> = { namespace: 'default', name: 'kubernetes' };

describe('dataPathOf', () => {
  it.each([
    ['HTTP', http, {}, 'EnvoyHttp', 'EnvoyHttp'],
    ['TCP', tcp, {}, 'EnvoyTcp', 'EnvoyTcp'],
    ['DNS over TCP', dns, {}, 'Kernel', 'EnvoyTcp'],
    ['UDP', udp, {}, 'Kernel', 'Kernel'],
    ['SCTP', { ...tcp, protocol: 'SCTP' }, {}, 'Kernel', 'Kernel'],
    ['session affinity', http, sticky, 'Kernel', 'Kernel'],
    ['the API server', tcp, apiServer, 'Kernel', 'Kernel'],
    ['a Service that has but its name of it', tcp, { ...apiServer, namespace: 'shop' }, 'EnvoyTcp', 'EnvoyTcp'],
  ] as const)('for %s', (_, port, rest, byDefault, asEnvoy) => {
    expect(dataPathOf(service(rest), port).path).toBe(byDefault);
    const envoy = dataPathOf(service({ ...rest, policy: asked({ dataPath: 'Envoy' }) }), port);
    expect(envoy.path).toBe(asEnvoy);
    expect(envoy.refusal === undefined).toBe(asEnvoy !== 'Kernel');
    const kernel = dataPathOf(service({ ...rest, policy: asked({ dataPath: 'Kernel' }) }), port);
    expect(kernel).toEqual({ path: 'Kernel' });
  });
});
