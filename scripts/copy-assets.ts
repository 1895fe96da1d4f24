// Puts what tsc does not copy beside the compiled program, and makes the command executable.
import { chmodSync, cpSync, mkdirSync } from 'node:fs';

mkdirSync('dist/protos/generated', { recursive: true });
cpSync('src/protos/generated/descriptors.json', 'dist/protos/generated/descriptors.json');
chmodSync('dist/cli/main.js', 0o755);
