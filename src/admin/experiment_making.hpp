// What stopping and promoting an experiment share. Pure but for the clock.
#pragma once
#include "domain/experiment.hpp"

namespace tollgate::admin {

// Nobody takes part from now on. False: nobody did.
bool end_now(domain::ExperimentRow& row);

}  // namespace tollgate::admin
