#!/usr/bin/env node
/** Prints what the last runs of the contract's tests found, one column for each proxy. Usage: report-main.ts [FILE] */
import { writeFileSync } from 'node:fs';
import { report } from './report.ts';
import { readColumns } from './results.ts';
import { sections } from './sections/index.ts';

const [file] = process.argv.slice(2);
const text = `${report(sections, readColumns())}\n`;
if (file === undefined) process.stdout.write(text);
else writeFileSync(file, text);
