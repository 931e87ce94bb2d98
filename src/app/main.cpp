#include "app/options.hpp"

// Read by jemalloc, where it is linked: memory that a burst leaves behind goes back to the system
// within seconds, also while nothing calls the allocator.
extern "C" {
extern const char* malloc_conf;
__attribute__((visibility("default"))) const char* malloc_conf =
    "background_thread:true,dirty_decay_ms:3000,muzzy_decay_ms:0";
}

int main(int argc, char** argv) { return tollgate::app::run_command_line(argc, argv); }
