#include "sandbox/worker.h"

int main(int argument_count, char** arguments) {
  return pixhaul::sandbox::run_worker(argument_count, arguments, pixhaul::sandbox::handle_picture);
}
