import type { Question } from '../../model/model.ts';
import type { ObjectRef } from '../../model/problem.ts';
import { commonUnit } from './common-unit.ts';
import { endpointsUnit } from './endpoints-unit.ts';
import { nodeUnit } from './node-unit.ts';
import { serviceUnit } from './service-unit.ts';
import type { UnitId, UnitKind, UnitName } from './unit.ts';

/** Every kind of unit; a new one needs a row here and a name in UnitName. */
export const unitKinds: Readonly<Record<UnitName, UnitKind>> = {
  common: commonUnit,
  service: serviceUnit,
  endpoints: endpointsUnit,
  node: nodeUnit,
};

export const unitNames = Object.keys(unitKinds) as readonly UnitName[];

/** The kinds of which each object of a kind has a unit; none of questions that are not for an object. */
export function unitsOf(question: Question): readonly UnitName[] {
  return unitNames.filter((name) => unitKinds[name].of === question);
}

/** The object that a unit is made from. */
export function objectOf({ kind, key }: UnitId): ObjectRef {
  const { of } = unitKinds[kind];
  const [name = '', namespace = ''] = key.split('/').reverse();
  return of === undefined ? { kind: 'Configuration', namespace, name: 'fairlead' } : { kind: of, namespace, name };
}
