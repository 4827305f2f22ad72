// Evaluates all constraints on NMP_LANES neighbouring rows at a time.
//
// The constraints themselves are the generated code of the circuit's crate; the build script makes
// `poly_fp` of it, with the types of field.h.
#include "field.h"

#include <cstring>

namespace NMP_NAMESPACE {

FpExt poly_fp(size_t cycle, size_t steps, const Mix* poly_mix, Fp** args);

constexpr size_t MIX_POWERS = 458, GLOBALS = 90, CHALLENGES = 36;

struct Prepared {
  Mix mix[MIX_POWERS];
  Fp globals[GLOBALS], challenges[CHALLENGES];
};

static void prepare(Prepared& to, const uint32_t* powers, const uint32_t* globals,
                    const uint32_t* challenges) {
  const uint64_t fold = P - 11;
  for (size_t i = 0; i < MIX_POWERS; i++) {
    for (size_t j = 0; j < 4; j++) to.mix[i].c[j] = powers[4 * i + j];
    for (size_t j = 0; j < 3; j++) to.mix[i].folded[j] = uint32_t(powers[4 * i + j + 1] * fold % P);
  }
  for (size_t i = 0; i < GLOBALS; i++) to.globals[i] = Fp(all32(globals[i]));
  for (size_t i = 0; i < CHALLENGES; i++) to.challenges[i] = Fp(all32(challenges[i]));
}

} // namespace NMP_NAMESPACE

using namespace NMP_NAMESPACE;

/// Constraints look back over at most 68 cycles, four rows of the domain each.
constexpr size_t HISTORY = 272, PIECE = 256, WINDOW = HISTORY + PIECE;
constexpr size_t ACCUM = 103, DATA = 211;
static_assert(HISTORY % 16 == 0 && PIECE % 16 == 0, "whole vectors");
static_assert(WINDOW / 16 % 2 == 1, "columns an odd number of cache lines apart use all sets");

/// Rows begin - HISTORY to begin + PIECE of each column, around the end of the domain.
static void copy_rows(uint32_t* to, const uint32_t* from, size_t columns, size_t domain,
                      size_t begin) {
  for (size_t column = 0; column < columns; column++) {
    for (size_t at = 0; at < WINDOW; at += 16) {
      const size_t row = (begin + domain - HISTORY + at) & (domain - 1);
      std::memcpy(to + column * WINDOW + at, from + column * domain + row, 64);
    }
  }
}

/// For each of PIECE rows from `begin` on, a multiple of PIECE: the constraints mixed, times
/// `inverses[row % 4]`, in Montgomery form, into check[i * domain + row].
///
/// The columns are a power of two of bytes apart, so that neighbours fall into one set of the cache;
/// `window`, (ACCUM + DATA) * WINDOW words, takes them closer together.
extern "C" void NMP_ENTRY(const uint32_t* accum, const uint32_t* data, const uint32_t* globals,
                          const uint32_t* challenges, const uint32_t* powers,
                          const uint32_t* inverses, uint32_t* window, uint32_t* check,
                          size_t domain, size_t begin) {
  static_assert(sizeof(Fp) == 4 * NMP_LANES);
  Prepared prepared;
  prepare(prepared, powers, globals, challenges);
  uint32_t by_row[NMP_LANES];
  for (size_t i = 0; i < NMP_LANES; i++) by_row[i] = inverses[i % 4];
  const Fp inverse(load(by_row));
  copy_rows(window, accum, ACCUM, domain, begin);
  copy_rows(window + ACCUM * WINDOW, data, DATA, domain, begin);
  Fp* args[4] = {
      reinterpret_cast<Fp*>(window),
      reinterpret_cast<Fp*>(window + ACCUM * WINDOW),
      prepared.globals,
      prepared.challenges,
  };
  for (size_t at = 0; at < PIECE; at += NMP_LANES) {
    const FpExt mixed = inverse * poly_fp(HISTORY + at, WINDOW, prepared.mix, args);
    for (size_t i = 0; i < 4; i++) store(check + i * domain + begin + at, mixed.c[i]);
  }
}
