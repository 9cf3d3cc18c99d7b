/* An interpreter: QuickJS runs a program of objects, arrays, strings, closures and regular expressions. */
#include "../bench.h"
#include "quickjs.h"

static const char program[] =
    "(function (n) {\n"
    "  let sum = 0;\n"
    "  const mix = value => { sum = (Math.imul(sum, 31) + value) >>> 0; };\n"
    "  class Point {\n"
    "    constructor(x, y) { this.x = x; this.y = y; }\n"
    "    add(other) { return new Point(this.x + other.x, this.y + other.y); }\n"
    "  }\n"
    "  function fib(k) { return k < 2 ? k : fib(k - 1) + fib(k - 2); }\n"
    "  for (let round = 0; round < n; round++) {\n"
    "    mix(fib(16));\n"
    "    const sieve = new Uint8Array(3000);\n"
    "    for (let i = 2; i < 55; i++) if (!sieve[i]) for (let j = i * i; j < 3000; j += i) sieve[j] = 1;\n"
    "    mix(sieve.reduce((a, b) => a + b, 0));\n"
    "    let at = new Point(0, 0);\n"
    "    for (let i = 0; i < 800; i++) at = at.add(new Point(i % 7, 0.5));\n"
    "    mix(at.x + 2 * at.y);\n"
    "    const words = 'the quick brown fox jumps '.repeat(20).split(' ').map((w, i) => w.toUpperCase() + i);\n"
    "    words.sort();\n"
    "    const text = words.join(',');\n"
    "    mix(text.length); mix(text.charCodeAt(50)); mix(text.replace(/F[A-Z]+(\\d)/g, '$1!').length);\n"
    "    let pi = 0;\n"
    "    for (let i = 0; i < 1500; i++) pi += (i % 2 ? -4 : 4) / (2 * i + 1);\n"
    "    mix(Math.floor(pi * 1e6));\n"
    "    const counts = new Map();\n"
    "    for (const c of text) counts.set(c, (counts.get(c) ?? 0) + 1);\n"
    "    for (const [c, k] of [...counts].sort()) mix(c.charCodeAt(0) * k);\n"
    "    mix(JSON.stringify(JSON.parse(JSON.stringify({words, at, round: [round]}))).length);\n"
    "  }\n"
    "  return sum;\n"
    "})";

u32 run(u32 n) {
    JSRuntime *runtime = JS_NewRuntime();
    JSContext *context = JS_NewContext(runtime);
    JS_SetMaxStackSize(runtime, 0);
    JSValue function = JS_Eval(context, program, sizeof program - 1, "program", JS_EVAL_TYPE_GLOBAL);
    JSValue argument = JS_NewInt32(context, (int)n);
    JSValue result = JS_Call(context, function, JS_UNDEFINED, 1, &argument);
    double sum = 1;
    if (JS_IsException(result) || JS_ToFloat64(context, &sum, result)) sum = 1;
    JS_FreeValue(context, result);
    JS_FreeValue(context, function);
    JS_FreeContext(context);
    JS_FreeRuntime(runtime);
    return (u32)sum;
}
