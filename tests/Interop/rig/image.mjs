// A Dockerfile, followed by hand where there is no engine: what it copies lands under a folder, what it runs at last runs as a plain user.
import { cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The instructions, lines joined and comments gone: `[{ name, rest }]`. */
const instructions = text => text.replace(/^#.*\n/gm, '').replace(/\\\n/g, ' ').trim().split('\n').filter(Boolean)
  .map(line => /^(\w+) +(.*)$/.exec(line)).map(([, name, rest]) => ({ name, rest }));

export class Image {
  /** @param {string} context the folder with the Dockerfile @param {string} root the folder that stands for `/` */
  constructor(context, root) {
    Object.assign(this, { root, env: {}, packages: [], user: '0:0' });
    for (const { name, rest } of instructions(readFileSync(join(context, 'Dockerfile'), 'utf8'))) this.#follow(context, name, rest);
  }

  #follow(context, name, rest) {
    switch (name) {
      case 'FROM': this.base = rest; return;
      case 'COPY': {
        const [from, to] = rest.split(/ +/);
        mkdirSync(dirname(this.root + to), { recursive: true });
        cpSync(join(context, from), this.root + to, { recursive: true });
        return;
      }
      case 'RUN': {
        const install = /apt-get install(?: -\S+)* ([^&]*)/.exec(rest);
        if (install) this.packages.push(...install[1].trim().split(/ +/));
        const folder = /mkdir (\S+)/.exec(rest);
        if (folder) mkdirSync(this.root + folder[1], { recursive: true });
        return;
      }
      case 'ENV': {
        const [variable, value] = rest.split('=');
        this.env[variable] = this.#inside(value);
        return;
      }
      case 'USER': this.user = rest; return;
      case 'EXPOSE': this.ports = rest; return;
      case 'HEALTHCHECK': this.health = this.#command(rest.slice(rest.indexOf('CMD ') + 4)); return;
      case 'ENTRYPOINT': this.entrypoint = this.#command(rest); return;
      case 'CMD': this.arguments = JSON.parse(rest); return;
      default: throw new Error(`the test does not know what ${name} does`);
    }
  }

  /** The exec form alone: a shell would be process 1, and signals would not reach the server. */
  #command(json) {
    return JSON.parse(json).map(word => this.#inside(word));
  }

  #inside(path) {
    return existsSync(this.root + path) ? this.root + path : path;
  }
}
