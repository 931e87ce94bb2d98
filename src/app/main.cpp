#include "app/options.hpp"

int main(int argc, char** argv) { return tollgate::app::run_command_line(argc, argv); }
