// A certificate for a loopback or test address, signed by itself.
import { execFileSync } from 'node:child_process';
import { X509Certificate, createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Writes it and its key into the folder: `{ cert, key, chromiumFlags }`; with the flags Chromium takes it for that of a public authority. */
export function makeCertificate(folder, address) {
  const cert = join(folder, 'cert.pem'), key = join(folder, 'key.pem');
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1',
    '-subj', `/CN=${address}`, '-addext', `subjectAltName=IP:${address}`, '-keyout', key, '-out', cert], { stdio: 'ignore' });
  const spki = new X509Certificate(readFileSync(cert)).publicKey.export({ type: 'spki', format: 'der' });
  return { cert, key, chromiumFlags: [`--ignore-certificate-errors-spki-list=${createHash('sha256').update(spki).digest('base64')}`] };
}
