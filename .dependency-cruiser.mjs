// Which folder of src/ may import which (docs/design/layout.md). Everything not listed is forbidden.
const may = {
  base: [],
  model: [],
  protos: [],
  resources: ['protos'],
  kubernetes: ['base', 'model'],
  translate: ['base', 'model', 'protos', 'resources'],
  xds: ['base', 'protos', 'resources'],
  nftables: [],
  agent: ['base', 'protos', 'resources', 'nftables', 'model'],
  why: ['base', 'model', 'protos', 'resources', 'translate', 'nftables', 'agent'],
  controller: ['base', 'model', 'kubernetes', 'protos', 'resources', 'translate', 'xds'],
  cli: [
    'base',
    'model',
    'kubernetes',
    'protos',
    'resources',
    'translate',
    'xds',
    'nftables',
    'agent',
    'controller',
    'why',
  ],
};

const directions = Object.entries(may).map(([folder, allowed]) => ({
  name: `${folder}-imports-only-${allowed.join('-') || 'nothing'}`,
  severity: 'error',
  from: { path: `^src/${folder}/` },
  to: { path: '^src/', pathNot: `^src/(${[folder, ...allowed].join('|')})/` },
}));

export default {
  forbidden: [
    ...directions,
    {
      name: 'agent-rooms-below-composition',
      severity: 'error',
      comment: 'what the agent programs and follows knows neither how it is configured nor what operators read',
      from: { path: '^src/agent/(kernel|xds|envoy|node)/' },
      to: { path: '^src/agent/(config|endpoints)/' },
    },
    {
      name: 'agent-endpoints-know-no-configuration',
      severity: 'error',
      from: { path: '^src/agent/endpoints/' },
      to: { path: '^src/agent/(config|kernel|envoy|node)/' },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'pure-folders-use-no-io',
      severity: 'error',
      comment: 'model and translate are pure',
      from: { path: '^src/(model|translate)/', pathNot: '\\.test\\.ts$' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'no-kubernetes-client-outside',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/kubernetes/' },
      to: { path: 'node_modules/@kubernetes/' },
    },
    {
      name: 'product-does-not-import-tests',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.test\\.ts$' },
      to: { path: '^(test|bench|scripts)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    exclude: { path: 'src/protos/generated' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
