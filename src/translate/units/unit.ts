import type { KindName, ModelReader } from '../../model/model.ts';
import type { Problem } from '../../model/problem.ts';
import type { ResourceEntry } from '../../resources/resource-entry.ts';
import type { TranslateSettings } from '../settings.ts';

/** What is translated together; identified by its kind and the key of its object. */
export interface UnitId {
  readonly kind: UnitName;
  readonly key: string;
}

export interface UnitTranslation {
  /** Nothing is built until an entry is. */
  readonly entries: readonly ResourceEntry[];
  /** What the object asks for and could not be honoured. */
  readonly problems: readonly Problem[];
}

export const noTranslation: UnitTranslation = { entries: [], problems: [] };

/** How one kind of unit is translated. */
export interface UnitKind {
  /** Each object of this kind has such a unit. Undefined: there is one unit, which belongs to no object. */
  readonly of: KindName | undefined;
  /** Pure: the same answers of the reader, the same translation. Without its object it is empty. */
  translate(reader: ModelReader, key: string, settings: TranslateSettings): UnitTranslation;
}

export type UnitName = 'common' | 'service' | 'endpoints' | 'node';

/** `service/shop/web`: the owner of the unit's resources. */
export function ownerNameOf({ kind, key }: UnitId): string {
  return key === '' ? kind : `${kind}/${key}`;
}
