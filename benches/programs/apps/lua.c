/* An interpreter: Lua runs a program of tables, strings, closures and floating-point numbers. */
#include "../bench.h"
#include "lauxlib.h"
#include "lua.h"
#include "lualib.h"

static const char program[] =
    "local n = ...\n"
    "local sum = 0\n"
    "local function mix(value) sum = (sum * 31 + value) % 4294967296 end\n"
    "local Point = {} Point.__index = Point\n"
    "function Point.new(x, y) return setmetatable({x = x, y = y}, Point) end\n"
    "function Point:add(other) return Point.new(self.x + other.x, self.y + other.y) end\n"
    "local function fib(k) if k < 2 then return k end return fib(k - 1) + fib(k - 2) end\n"
    "for round = 1, n do\n"
    "  mix(fib(18))\n"
    "  local sieve = {}\n"
    "  for i = 2, 3000 do sieve[i] = true end\n"
    "  for i = 2, 54 do if sieve[i] then for j = i * i, 3000, i do sieve[j] = false end end end\n"
    "  local primes = 0\n"
    "  for i = 2, 3000 do if sieve[i] then primes = primes + 1 end end\n"
    "  mix(primes)\n"
    "  local at = Point.new(0, 0)\n"
    "  for i = 1, 1500 do at = at:add(Point.new(i % 7, 0.5)) end\n"
    "  mix(at.x + at.y * 2)\n"
    "  local words = {}\n"
    "  for word in string.gmatch(string.rep('the quick brown fox jumps ', 20), '%a+') do\n"
    "    words[#words + 1] = string.upper(word) .. #words\n"
    "  end\n"
    "  table.sort(words)\n"
    "  local text = table.concat(words, ',')\n"
    "  mix(#text) mix(string.byte(text, 50)) mix(select(2, string.gsub(text, 'F%u+', '%0!')))\n"
    "  local pi = 0.0\n"
    "  for i = 0, 3000 do pi = pi + (i % 2 == 0 and 4.0 or -4.0) / (2 * i + 1) end\n"
    "  mix(math.floor(pi * 1e9))\n"
    "  local count = 0\n"
    "  local function visit(depth, f) if depth == 0 then f() else visit(depth - 1, f) visit(depth - 1, f) end end\n"
    "  visit(9, function() count = count + 1 end)\n"
    "  mix(count)\n"
    "end\n"
    "return sum\n";

u32 run(u32 n) {
    lua_State *lua = luaL_newstate();
    luaL_requiref(lua, "_G", luaopen_base, 1);
    luaL_requiref(lua, LUA_STRLIBNAME, luaopen_string, 1);
    luaL_requiref(lua, LUA_TABLIBNAME, luaopen_table, 1);
    luaL_requiref(lua, LUA_MATHLIBNAME, luaopen_math, 1);
    u32 sum = 1;
    if (luaL_loadbuffer(lua, program, sizeof program - 1, "program") == LUA_OK) {
        lua_pushinteger(lua, n);
        lua_call(lua, 1, 1);
        sum = (u32)lua_tointeger(lua, -1);
    }
    lua_close(lua);
    return sum;
}
