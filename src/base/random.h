// Randomness comes in through the constructor, so that a simulation is one seed. Thread-safe.
#pragma once

#include <cstdint>
#include <random>
#include <string>

#include "base/mutex.h"

namespace landfall {

class Random {
 public:
  virtual ~Random() = default;
  virtual std::uint64_t Next() = 0;
};

// From the kernel: upload ids, ack ids and everything else that must not be guessed.
class SystemRandom final : public Random {
 public:
  std::uint64_t Next() override;
};

class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : engine_(seed) {}
  std::uint64_t Next() override {
    const MutexLock lock(mu_);
    return engine_();
  }

 private:
  Mutex mu_;
  std::mt19937_64 engine_ GUARDED_BY(mu_);
};

// `bytes` random bytes as lower-case hex.
std::string RandomHex(Random& random, std::size_t bytes);

}  // namespace landfall
