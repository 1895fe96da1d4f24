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
  ConversionFailed: 'An object could not be read because of a fault in Fairlead; what was known of it is kept',
  TranslationFailed:
    'An object could not be translated because of a fault in Fairlead; its previous translation is kept',
  WatchInterrupted: 'A watch of the API server could not be continued; everything was listed again',
  TooManyProblems: 'There are more problems than are listed',
} as const;

export type ProblemCode = keyof typeof problemTable;
