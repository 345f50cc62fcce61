import Ticks
