import type { HeaderMutation } from '../protos/generated/types/envoy/config/common/mutation_rules/v3/HeaderMutation.ts';

/** An early mutation, before anything else of Envoy sees the request; a value that is empty changes nothing. */
export function setHeader(key: string, value: string): HeaderMutation {
  return { append: { header: { key, value }, appendAction: 'OVERWRITE_IF_EXISTS_OR_ADD' } };
}
