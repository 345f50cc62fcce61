/// Why a journal cannot be opened, written or read. Damaged content is never an error: reading
/// reports it as an event and opening repairs around it.
public enum JournalError: Error, Equatable, CustomStringConvertible {
    case storage(StorageError)
    /// Another writer has the directory.
    case locked
    /// The ticks do not continue the journal.
    case position(expected: UInt64, given: UInt64)
    /// An option that cannot work.
    case option(name: String, allowed: String)
    /// The writer was finished; open another.
    case finished

    public var description: String {
        switch self {
        case .storage(let error):
            "\(error); the journal is as it was at the last sync, try again once this is solved"
        case .locked:
            "another process writes this journal; stop it or choose another directory"
        case .position(let expected, let given):
            "the journal goes on at position \(expected), not at \(given); "
                + "record what lies between as missing"
        case .option(let name, let allowed): "journal option \(name) must be \(allowed)"
        case .finished: "this journal writer was finished; open the journal again"
        }
    }

    /// Whether waiting for space may help (`ENOSPC`, `EDQUOT`).
    public var isSpaceExhausted: Bool {
        guard case .storage(let error) = self else { return false }
        return error.code == 28 || error.code == 122
    }
}

extension JournalError {
    /// Runs a storage operation and wraps its error.
    static func storage<Value>(
        _ operation: () throws(StorageError) -> Value
    ) throws(JournalError) -> Value {
        do throws(StorageError) { return try operation() } catch { throw .storage(error) }
    }
}
