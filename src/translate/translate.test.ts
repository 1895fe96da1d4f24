import { describe, expect, it } from 'vitest';
import { aPort, aService, serviceUpdate } from '../../test/support/builders.ts';
import { asked } from '../../test/support/policy.ts';
import { ModelStore } from '../model/model.ts';
import { formatProblem } from '../model/problem.ts';
import type { Service } from '../model/service.ts';
import { typeUrls } from '../resources/type-urls.ts';
import { defaultSettings } from './settings.ts';
import { commonUnit } from './units/common-unit.ts';
import { endpointsUnit } from './units/endpoints-unit.ts';
import { serviceUnit } from './units/service-unit.ts';

const web = aService({
  clusterIPs: ['10.96.0.1', 'fd00::1'],
  ports: [aPort({ name: 'http', appProtocol: 'http' }), aPort({ name: 'dns', protocol: 'UDP', port: 53 })],
});

function modelOf(...services: readonly Service[]): ModelStore {
  const model = new ModelStore();
  model.apply(services.map(serviceUpdate));
  return model;
}

function namesOf(model: ModelStore, key: string, typeUrl: string, wildcard: boolean): readonly string[] {
  const entries = [serviceUnit, endpointsUnit].flatMap((unit) => unit.translate(model, key, defaultSettings).entries);
  return entries.filter((entry) => entry.typeUrl === typeUrl && entry.wildcard === wildcard).map(({ name }) => name);
}

describe('the units of a Service', () => {
  it('names what Envoy asks for by the address', () => {
    const model = modelOf(web);
    const byAddress = ['10.96.0.1:80', '[fd00::1]:80'];
    expect(namesOf(model, 'shop/web', typeUrls.scopedRoute, true)).toEqual(byAddress);
    expect(namesOf(model, 'shop/web', typeUrls.route, false)).toEqual(byAddress);
    expect(namesOf(model, 'shop/web', typeUrls.cluster, false)).toEqual(byAddress);
    expect(namesOf(model, 'shop/web', typeUrls.endpoint, false)).toEqual(byAddress);
    expect(namesOf(model, 'shop/web', typeUrls.listener, false)).toEqual([]);
    expect(namesOf(model, 'shop/web', typeUrls.serviceView, true)).toEqual(['shop/web']);
  });

  it('are empty for a Service that does not exist', () => {
    for (const unit of [serviceUnit, endpointsUnit]) {
      expect(unit.translate(modelOf(), 'shop/web', defaultSettings)).toEqual({ entries: [], problems: [] });
    }
  });

  it('leaves a cluster IP to the older Service and says so', () => {
    const late: Service = { ...web, name: 'late', createdAt: '2026-02-01T00:00:00Z', clusterIPs: ['fd00::1'] };
    const model = modelOf(late, web);
    expect(namesOf(model, 'shop/late', typeUrls.cluster, false)).toEqual([]);
    expect(serviceUnit.translate(model, 'shop/late', defaultSettings).problems.map(formatProblem)).toEqual([
      'Service shop/late spec.clusterIPs[0]: fd00::1 belongs to the older Service shop/web; shop/late cannot be reached at it',
    ]);
  });

  it('builds from what the model held when it was translated', () => {
    const model = modelOf(web);
    const before = serviceUnit.translate(model, 'shop/web', defaultSettings).entries;
    model.apply([{ kind: 'Service', key: 'shop/web', value: { ...web, policy: asked({ loadBalancing: 'Maglev' }) } }]);
    const cluster = before.find(({ typeUrl }) => typeUrl === typeUrls.cluster);
    expect(cluster?.build({ nodeName: '', zone: '' })).toMatchObject({ lbPolicy: 'LEAST_REQUEST' });
  });
});

describe('the common unit', () => {
  it('has the collector only when there is one, before the listeners that need it', () => {
    const names = (settings = defaultSettings) =>
      commonUnit.translate(new ModelStore(), '', settings).entries.map(({ name }) => name);
    expect(names()).toEqual(['tcp', 'http']);
    const tracing = { collector: { address: '10.0.0.7', port: 4317 }, samplingPercent: 1 };
    expect(names({ ...defaultSettings, tracing })).toEqual(['opentelemetry-collector', 'tcp', 'http']);
  });
});
