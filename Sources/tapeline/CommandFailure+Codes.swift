import Capture
import Glibc
import Handler
import Journal
import Simulation
import Tape
import Ticks
import Wire

extension CommandFailure {
    static func code(of error: any Error) -> Code {
        switch error {
        case let error as CaptureFileError:
            switch error.problem {
            case .cannotOpen, .cannotRead: .system
            default: .data
            }
        case is TradingDayError, is ConfigurationError, is ITCH50DayError, is CoreError,
            is HostRefusal, is RecorderError:
            .usage
        case let error as CaptureError: error.isSetup ? .usage : .system
        case let error as JournalError:
            switch error {
            case .storage: .system
            default: .usage
            }
        case let error as TapeError:
            if case .system = error { .system } else { .usage }
        default: .system
        }
    }
}

extension CommandFailure.Code {
    init(_ error: OutputError) {
        switch error {
        case .exists, .notSeekable: self = .usage
        case .system: self = .system
        }
    }
}
