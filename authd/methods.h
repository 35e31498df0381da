/* methods: which mechanisms an executable of this room can judge. */
#ifndef METHODS_H
#define METHODS_H

#include "attempt.h"

extern const struct method methods[MECH__MAX];

#endif
