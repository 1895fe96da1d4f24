import { describeColumn } from './column.ts';
import { envoyDifferences, kernelDifferences } from './differences.ts';
import { Fairlead } from './lab/fairlead.ts';

describeColumn(new Fairlead({ envoy: false }), { prefix: 'flcf-', differences: kernelDifferences });
describeColumn(new Fairlead({ envoy: true }), { prefix: 'flce-', differences: envoyDifferences });
