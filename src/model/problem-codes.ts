/**
 * Every kind of problem that an input can have, by code: the words that conditions and Events use as their reason, so they stay
 * the same from version to version. docs/errors.md mirrors this table (a test compares them).
 */
export const problemTable = {
  MissingValue: 'A field that is needed is absent',
  InvalidValue: 'A field has a wrong type, or a value that it cannot have',
  DuplicateValue: 'Something that must be unique is listed twice; the first one counts',
  UnknownAnnotation: 'An annotation with the prefix fairlead.dev/ does not exist',
  UnsupportedVersion: 'The object is of an apiVersion that is not read',
  UnsupportedAddressType: 'The slice holds host names, which no Service proxy can use',
  ConflictingClusterIP: 'Another, older Service holds the cluster IP',
  NotProxied: 'The Service has no cluster IP, or is an ExternalName: traffic to it does not pass Fairlead',
  NotProgrammed: 'The object asks for something that Fairlead does not do yet',
  WithoutEffect: 'A setting was read, but nothing on this Service can honour it',
  UnreadableFile: 'A file or directory of manifests cannot be read',
  InvalidManifest: 'A file of manifests, or a part of it, is not YAML or JSON of Kubernetes objects',
  DuplicateObject: 'Two files, or two documents of one, hold the same object; the first one counts',
  ConversionFailed: 'An object could not be read for a reason within Fairlead; what was known of it stays',
  TranslationFailed:
    'An object could not be translated for a reason within Fairlead; what it was translated to before stays',
  WatchInterrupted: 'A watch of the API server could not be continued; everything was listed anew',
  TooManyProblems: 'There are more problems than are told',
} as const;

export type ProblemCode = keyof typeof problemTable;
