import { relative } from 'node:path';
import { echoControl } from '../testbed/echo-pod.ts';
import { collectorReader, type DemoCluster } from './demo-cluster.ts';
import { services } from './shop.ts';
import { repository } from './work-directory.ts';

/** The right one wherever an older one comes first on the path. */
const node = 'node_modules/.bin/node';

/** What one can do with a demo that was left running. */
export async function commandsToTry(cluster: DemoCluster): Promise<string> {
  const inside = (name: string) => `nsenter --net=/run/netns/${cluster.at(name)}`;
  const manifests = relative(repository, cluster.workDirectory.manifests);
  const status = (await cluster.statusTable()).map((line) => `    ${line}`);
  return `
Everything is left running. From another terminal, in this directory, as root:

  a request from a pod, through Envoy
    ${inside('frontend-1')} curl -s http://${services.catalog}/
  nodes, versions, ACK and NACK
    ${inside('ctl')} ${node} src/cli/main.ts status
${status.join('\n')}
  edit a Service or its endpoints, and ask again
    \${EDITOR:-vi} ${manifests}/catalog.yaml
  make a pod fail (\`{"delay": 500}\`, \`{"connections": "refuse"}\`, \`{}\` for none)
    ${inside('catalog-2')} curl -X PUT ${echoControl}/fault -d '{"status": 503}'
  some load, with a report
    ${inside('frontend-1')} ${node} test/testbed/load.ts --target ${services.catalog} --rate 100 --duration 5000 --report
  a node's kernel table, and its Envoy
    ${inside('node1')} nft list ruleset
    ${inside('node1')} curl -s 127.0.0.1:15000/clusters
  traces
    ${inside('ctl')} curl -s ${collectorReader}/traces

Logs are in ${relative(repository, cluster.workDirectory.logs)}/. Ctrl-C ends it and cleans up.`;
}
