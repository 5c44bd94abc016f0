// A real nginx in front of a server.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Process, freePort } from './server.mjs';

/** What nginx's manual says a proxy of WebSockets needs. */
export const webSockets = 'proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;';

export class Nginx extends Process {
  /** Serves `server` below each path of `locations`, with those directives beside `proxy_pass`; resolves when it listens. */
  static async start(server, locations) {
    const folder = mkdtempSync(join(tmpdir(), 'nexus-nginx-')), port = await freePort();
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(name => `${name}_temp_path ${folder}/${name};`).join(' ');
    const places = Object.entries(locations).map(([path, directives]) => `location ${path} { proxy_pass ${server.url}/; ${directives} }`).join('\n');
    writeFileSync(join(folder, 'nginx.conf'), `daemon off; pid ${folder}/pid; error_log stderr notice; events {}
      http { access_log off; ${temporary} server { listen 127.0.0.1:${port}; ${places} } }`);
    const nginx = new Nginx('/usr/sbin/nginx', ['-e', 'stderr', '-c', join(folder, 'nginx.conf')]);
    nginx.exited.then(() => rmSync(folder, { recursive: true, force: true }));
    nginx.url = `http://127.0.0.1:${port}`;
    await nginx.says(/start worker process /, 10);
    return nginx;
  }
}
