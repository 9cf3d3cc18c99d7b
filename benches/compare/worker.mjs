// Runs a program in node as often as it is asked to: see worker.rs.
import { readFileSync, readSync, writeSync } from 'node:fs';

const module = new WebAssembly.Module(readFileSync(process.argv[2]));
const { exports } = new WebAssembly.Instance(module);
exports._initialize?.();
const buffer = Buffer.alloc(64);
for (let length; (length = readSync(0, buffer)) > 0;) {
    const n = Number(buffer.toString('utf8', 0, length));
    const start = process.cpuUsage();
    const sum = exports.run(n) >>> 0;
    const { user, system } = process.cpuUsage(start);
    writeSync(1, `${sum} ${(user + system) * 1000}\n`);
}
