/*
 * Plain JavaScript as a guest of the pure ABI: QuickJS-ng without imports. The input of a run is
 * the author's text and the guest input behind it (docs/protocol.md, Script input); the output is
 * what the text's `run` answers, as JSON. The library that the text sees is in prelude.js.
 *
 * Nothing here ends well but an answer: an exception, a promise or an answer that is no JSON traps.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include "prelude.h"
#include "quickjs.h"

#define EXPORT(name) __attribute__((export_name(name)))

/* "NMPJ", little-endian; version; length of the text; 0; the text, padded; the guest input. */
#define MAGIC 0x4a504d4eu
#define VERSION 1u
#define HEAD_BYTES 16u

typedef struct {
  uint8_t *text;
  uint32_t text_length;
  uint8_t *input;
  uint32_t input_length;
} Script;

static uint32_t u32_at(const uint8_t *at) {
  uint32_t value;
  memcpy(&value, at, 4);
  return value;
}

/* The parts of an input; the text gets the NUL behind it that the parser wants. */
static int take_apart(uint8_t *at, uint32_t length, Script *script) {
  if (length < HEAD_BYTES || u32_at(at) != MAGIC || u32_at(at + 4) != VERSION || u32_at(at + 12) != 0)
    return 0;
  uint32_t text_length = u32_at(at + 8);
  uint32_t room = length - HEAD_BYTES;
  if (text_length > room) return 0;
  uint32_t padded = (text_length + 8u) & ~7u;
  if (padded > room) return 0;
  for (uint32_t i = text_length; i < padded; i++)
    if (at[HEAD_BYTES + i] != 0) return 0;
  script->text = at + HEAD_BYTES;
  script->text_length = text_length;
  script->input = at + HEAD_BYTES + padded;
  script->input_length = room - padded;
  return 1;
}

static JSContext *start(void) {
  JSRuntime *runtime = JS_NewRuntime();
  if (runtime == NULL) return NULL;
  /* QuickJS keeps no limit of its own on WASI: a recursion without end leaves the shadow stack,
     which is at the bottom of memory, or the engine's, and traps. */
  JSContext *context = JS_NewContextRaw(runtime);
  if (context == NULL) return NULL;
  /* No WeakRef: when memory is collected would decide what a text sees. */
  if (JS_AddIntrinsicBaseObjects(context) || JS_AddIntrinsicDate(context) ||
      JS_AddIntrinsicEval(context) || JS_AddIntrinsicRegExp(context) ||
      JS_AddIntrinsicJSON(context) || JS_AddIntrinsicProxy(context) ||
      JS_AddIntrinsicMapSet(context) || JS_AddIntrinsicTypedArrays(context) ||
      JS_AddIntrinsicPromise(context) || JS_AddIntrinsicBigInt(context))
    return NULL;
  return context;
}

static JSValue compile(JSContext *context, const Script *script) {
  return JS_Eval(context, (const char *)script->text, script->text_length, "logic.js",
                 JS_EVAL_TYPE_MODULE | JS_EVAL_FLAG_COMPILE_ONLY);
}

static JSValue without_run(JSContext *context) {
  return JS_ThrowTypeError(context, "logic.js does not export a function run(input)");
}

/* The function `run` of the text as a module; an exception if it has none. */
static JSValue load(JSContext *context, const Script *script) {
  JSValue module = compile(context, script);
  if (JS_IsException(module)) return module;
  JSModuleDef *definition = JS_VALUE_GET_PTR(module);
  JSValue evaluated = JS_EvalFunction(context, module);
  if (JS_IsException(evaluated)) return evaluated;
  if (JS_PromiseState(context, evaluated) != JS_PROMISE_FULFILLED)
    return JS_ThrowTypeError(context, "logic cannot throw or wait while it loads");
  JSValue names = JS_GetModuleNamespace(context, definition);
  if (JS_IsException(names)) return names;
  JSValue run = JS_GetPropertyStr(context, names, "run");
  if (!JS_IsException(run) && !JS_IsFunction(context, run)) return without_run(context);
  return run;
}

/* An exception if the text does not parse, imports, or has no export `run`. None of it is run. */
static JSValue check(JSContext *context, const Script *script) {
  JSValue module = compile(context, script);
  if (JS_IsException(module)) return module;
  if (JS_ResolveModule(context, module) != 0) return JS_EXCEPTION;
  JSValue names = JS_GetModuleNamespace(context, JS_VALUE_GET_PTR(module));
  if (JS_IsException(names)) return names;
  JSAtom run = JS_NewAtom(context, "run");
  int found = JS_HasProperty(context, names, run);
  return found == 1 ? JS_UNDEFINED : without_run(context);
}

/* The text of a part of an ArrayBuffer: (buffer, offset, length). The node's own texts are UTF-8. */
static JSValue text_of(JSContext *context, JSValueConst this, int count, JSValueConst *given) {
  (void)this;
  size_t size;
  uint32_t offset, length;
  uint8_t *bytes = count == 3 ? JS_GetArrayBuffer(context, &size, given[0]) : NULL;
  if (bytes == NULL || JS_ToUint32(context, &offset, given[1]) ||
      JS_ToUint32(context, &length, given[2]) || offset > size || length > size - offset)
    return JS_ThrowRangeError(context, "text beyond its buffer");
  return JS_NewStringLen(context, (const char *)bytes + offset, length);
}

/* What prelude.js makes of the author's function and the input: text, or an exception. */
static JSValue answer(JSContext *context, const Script *script) {
  JSValue prelude = JS_Eval(context, PRELUDE, sizeof PRELUDE - 1, "prelude.js", JS_EVAL_TYPE_GLOBAL);
  if (JS_IsException(prelude)) return prelude;
  JSValue run = load(context, script);
  if (JS_IsException(run)) return run;
  JSValue arguments[3] = {
      run,
      /* The bytes stay where they are: neither grown nor freed. */
      JS_NewArrayBuffer(context, script->input, script->input_length, 0, NULL, NULL, false),
      JS_NewCFunction(context, text_of, "text", 3),
  };
  return JS_Call(context, prelude, JS_UNDEFINED, 3, arguments);
}

static int64_t packed(const char *text, size_t length) {
  return (int64_t)((uint64_t)(uintptr_t)text << 32 | (uint32_t)length);
}

EXPORT("nmp_alloc") void *nmp_alloc(uint32_t length) {
  void *room = malloc((size_t)length + 1);
  if (room == NULL) __builtin_trap();
  return room;
}

EXPORT("nmp_run") int64_t nmp_run(uint8_t *at, uint32_t length) {
  Script script;
  if (!take_apart(at, length, &script) || script.input_length == 0) __builtin_trap();
  JSContext *context = start();
  if (context == NULL) __builtin_trap();
  JSValue answered = answer(context, &script);
  if (!JS_IsString(answered)) __builtin_trap();
  size_t size;
  const char *text = JS_ToCStringLen(context, &size, answered);
  if (text == NULL) __builtin_trap();
  return packed(text, size);
}

/* For the author, outside any node: what is wrong with a text, empty if nothing is. Its input is
   as above without a guest input. */
EXPORT("nmp_diagnose") int64_t nmp_diagnose(uint8_t *at, uint32_t length) {
  Script script;
  if (!take_apart(at, length, &script) || script.input_length != 0) __builtin_trap();
  JSContext *context = start();
  if (context == NULL) __builtin_trap();
  JSValue checked = check(context, &script);
  if (!JS_IsException(checked)) return packed("", 0);
  JSValue exception = JS_GetException(context);
  size_t size;
  const char *text = JS_ToCStringLen(context, &size, exception);
  JSValue stack = JS_GetPropertyStr(context, exception, "stack");
  size_t stack_size = 0;
  const char *place = JS_IsString(stack) ? JS_ToCStringLen(context, &stack_size, stack) : NULL;
  char *both = malloc(size + stack_size + 2);
  if (text == NULL || both == NULL) __builtin_trap();
  memcpy(both, text, size);
  if (place == NULL) return packed(both, size);
  both[size] = '\n';
  memcpy(both + size + 1, place, stack_size);
  return packed(both, size + 1 + stack_size);
}

/* What the libraries below would ask of a system. There is none: time stands still at 0 (prelude.js
   keeps texts from asking), nothing is printed, and whatever gives up traps. */

int clock_gettime(clockid_t clock, struct timespec *now) {
  (void)clock;
  now->tv_sec = 0;
  now->tv_nsec = 0;
  return 0;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  (void)zone;
  now->tv_sec = 0;
  now->tv_usec = 0;
  return 0;
}

time_t time(time_t *now) {
  if (now != NULL) *now = 0;
  return 0;
}

/* Only the offset from UTC is asked for. */
struct tm *localtime_r(const time_t *restrict now, struct tm *restrict into) {
  (void)now;
  memset(into, 0, sizeof *into);
  return into;
}

/* Below the C library's streams, which format numbers and never print. */
size_t __stdio_write(void *stream, const unsigned char *bytes, size_t length) {
  (void)stream;
  (void)bytes;
  (void)length;
  __builtin_trap();
}

size_t __stdout_write(void *stream, const unsigned char *bytes, size_t length) {
  return __stdio_write(stream, bytes, length);
}

long long __stdio_seek(void *stream, long long offset, int from) {
  (void)stream;
  (void)offset;
  (void)from;
  __builtin_trap();
}

int __stdio_close(void *stream) {
  (void)stream;
  __builtin_trap();
}

_Noreturn void abort(void) { __builtin_trap(); }
