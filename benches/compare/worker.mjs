// Runs a program in node as often as it is asked to: see worker/mod.rs.
import { readFileSync, readSync, writeSync } from 'node:fs';

const module = new WebAssembly.Module(readFileSync(process.argv[2]));
const { exports } = new WebAssembly.Instance(module);
exports._initialize?.();
const buffer = Buffer.alloc(64);
let input = '';
for (let length; (length = readSync(0, buffer)) > 0;) {
    input += buffer.toString('utf8', 0, length);
    for (let end; (end = input.indexOf('\n')) >= 0; input = input.slice(end + 1)) {
        const n = Number(input.slice(0, end));
        const start = process.cpuUsage();
        const sum = exports.run(n) >>> 0;
        const { user, system } = process.cpuUsage(start);
        writeSync(1, `${sum} ${(user + system) * 1000}\n`);
    }
}
