#include "pipeline/decode_room.h"

namespace pixhaul::pipeline {

bool DecodeRoom::has_room(std::uint64_t bytes) const {
  if (count_ == 0 || held_ + bytes <= most_) return true;
  return budget_.used() + bytes <= budget_.limit();  // bodies leave some of theirs
}

void DecodeRoom::enter(std::uint64_t bytes) {
  const MutexLock lock(mutex_);
  const std::uint64_t number = arrived_++;
  while (admitted_ != number || !has_room(bytes)) changed_.wait(mutex_);
  ++admitted_;
  ++count_;
  held_ += bytes;
  budget_.charge(MemoryUser::decode, bytes);
  if (admitted_ != arrived_) changed_.notify_all();
}

void DecodeRoom::leave(std::uint64_t bytes) {
  const MutexLock lock(mutex_);
  --count_;
  held_ -= bytes;
  budget_.release(MemoryUser::decode, bytes);
  if (admitted_ != arrived_) changed_.notify_all();
}

}  // namespace pixhaul::pipeline
