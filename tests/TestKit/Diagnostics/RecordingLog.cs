using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Nexus.TestKit.Diagnostics;

/// <summary>One line as it was logged.</summary>
/// <param name="Fields">The message's structured fields by name.</param>
public sealed record LogLine(LogLevel Level, int Event, string Text, Exception? Exception, IReadOnlyDictionary<string, object?> Fields);

/// <summary>A log, and a factory of itself, that keeps all lines for a test to look at. Thread-safe.</summary>
public sealed class RecordingLog : ILogger, ILoggerFactory
{
    private readonly ConcurrentQueue<LogLine> _lines = new();

    public IReadOnlyList<LogLine> Lines => [.. _lines];

    public bool IsEnabled(LogLevel logLevel) => true;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        var fields = state as IEnumerable<KeyValuePair<string, object?>> ?? [];
        _lines.Enqueue(new LogLine(logLevel, eventId.Id, formatter(state, exception), exception, fields.ToDictionary(f => f.Key, f => f.Value)));
    }

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public void Dispose()
    {
    }
}
