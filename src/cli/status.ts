import { Command, Option } from 'commander';

export function statusCommand(): Command {
  return new Command('status').description('print nodes, versions, ACK/NACK and age, as the controller sees them');
}
