#include "cxdp.h"
