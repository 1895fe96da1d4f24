import { isIP } from 'node:net';
import { type HostPort, parseHostPort } from '../base/host-port.ts';
import { readYaml } from '../base/yaml-file.ts';
import { FieldReader, isObject } from '../kubernetes/field-reader.ts';
import { ProblemList } from '../kubernetes/problem-list.ts';
import { FairleadError } from '../model/errors.ts';
import { fileRef, type Problem } from '../model/problem.ts';
import { type ControllerFile, readConfiguration } from './configuration-fields.ts';

/**
 * Reads a configuration file's text; strict: an unknown field is an error.
 * @throws FairleadError CONFIG_INVALID with every problem, each with file, line and field
 */
export function parseConfiguration(text: string, file: string): ControllerFile {
  const reading = readYaml(text, file);
  if (reading.kind === 'Broken') throw new FairleadError('CONFIG_INVALID', reading.mistakes.join('\n'));
  const { value: json, where } = reading.file;
  const { value, mistakes } = checked(json, file);
  if (mistakes.length > 0) {
    const reasons = mistakes.map(({ field, message }) => {
      return `${where(stepsOf(field))}: ${field || 'the document'}: ${message}`;
    });
    throw new FairleadError('CONFIG_INVALID', reasons.join('\n'));
  }
  if (value.tracing !== undefined) parseIpAndPort(value.tracing.collector, 'tracing.collector');
  return value;
}

/** `value` means nothing when there are mistakes. */
function checked(
  json: unknown,
  file: string,
): { readonly value: ControllerFile; readonly mistakes: readonly Problem[] } {
  const problems = new ProblemList(fileRef(file));
  if (!isObject(json)) problems.add('', 'InvalidValue', 'is not an object');
  const value = readConfiguration(new FieldReader(isObject(json) ? json : {}, problems));
  return { value, mistakes: problems.toArray() };
}

/** `ipFamilies`, `1` of `ipFamilies[1]`. */
function stepsOf(field: string): readonly string[] {
  return field.split(/[.[\]]+/).filter((step) => step !== '');
}

/**
 * `HOST:PORT`, `[::1]:PORT` or `:PORT` (all addresses).
 * @throws FairleadError ADDRESS_INVALID that names the field
 */
export function parseAddress(text: string, field: string): HostPort {
  const parsed = parseHostPort(text);
  if (parsed === undefined) throw new FairleadError('ADDRESS_INVALID', `${field}: "${text}" is not HOST:PORT`);
  return { host: parsed.host || '::', port: parsed.port };
}

/** As parseAddress, for addresses that go into Envoy's configuration: the host must be an IP address. */
export function parseIpAndPort(text: string, field: string): HostPort {
  const address = parseAddress(text, field);
  if (isIP(address.host) === 0 || address.port === 0) {
    throw new FairleadError('ADDRESS_INVALID', `${field}: "${text}" is not IP:PORT`);
  }
  return address;
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}
