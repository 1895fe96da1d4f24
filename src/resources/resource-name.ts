/** Names are unique within their type. */
export interface ResourceName {
  readonly typeUrl: string;
  readonly name: string;
}
