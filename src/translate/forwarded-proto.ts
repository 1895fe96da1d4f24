import type { HeaderMutation } from '../protos/generated/types/envoy/config/common/mutation_rules/v3/HeaderMutation.ts';
import type { HeaderValueOption } from '../protos/generated/types/envoy/config/core/v3/HeaderValueOption.ts';
import { setHeader } from './header-mutations.ts';

/**
 * Envoy adds `X-Forwarded-Proto: http` where there is none, which an application behind an ingress answers with a redirect to
 * https. So the client's own is set aside before, and what Envoy made of it is replaced by it after.
 */
const header = 'x-forwarded-proto';

/** What only Envoy is to see of a request. */
export const forwardedProtoHeader = 'x-fairlead-forwarded-proto';

export function forwardedProtoMutations(): readonly HeaderMutation[] {
  return [{ remove: forwardedProtoHeader }, setHeader(forwardedProtoHeader, `%REQ(${header})%`)];
}

/** For a virtual host: what it removes goes first, and a header that would be empty is not added. */
export const originalForwardedProto = {
  remove: header,
  add: {
    header: { key: header, value: `%REQ(${forwardedProtoHeader})%` },
    appendAction: 'OVERWRITE_IF_EXISTS_OR_ADD',
  } satisfies HeaderValueOption,
} as const;
