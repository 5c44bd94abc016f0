import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

export const repository = new URL('../../../', import.meta.url);

interface Definition {
  properties?: object;
  unevaluatedProperties?: boolean;
}

const schema = JSON.parse(readFileSync(new URL('docs/protocol.schema.json', repository), 'utf8')) as { $id: string; $defs: Record<string, Definition> };
// Open on the wire, closed in tests: a misspelt field must not pass for an unknown one.
for (const definition of Object.values(schema.$defs)) {
  if (definition.properties) definition.unevaluatedProperties = false;
}

const ajv = new Ajv2020({ discriminator: true, allowUnionTypes: true, strictRequired: false, strictTypes: false });
(addFormats as unknown as (ajv: Ajv2020) => void)(ajv);
ajv.addSchema(schema);

/** What is wrong with a message of that side; empty when nothing is. */
export function faults(side: 'ClientMessage' | 'ServerMessage', message: unknown): string {
  const validate = ajv.getSchema(`${schema.$id}#/$defs/${side}`)!;
  return validate(message) ? '' : ajv.errorsText(validate.errors);
}

export const definitions = Object.keys(schema.$defs);
