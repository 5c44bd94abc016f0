namespace Nexus.MediaNode.Protocol.Sdp;

/// <summary>Cuts a description into its <c>x=value</c> lines. Takes CRLF and LF; one empty last line is allowed.</summary>
internal ref struct SdpLineReader(ReadOnlySpan<char> text)
{
    private ReadOnlySpan<char> _rest = text;

    /// <summary>1-based number of the current line.</summary>
    public int Line { get; private set; }

    public char Type { get; private set; }

    public ReadOnlySpan<char> Value { get; private set; }

    public SdpError? Error { get; private set; }

    /// <summary>Moves to the next line; false at the end or on a fault, which <see cref="Error"/> then names.</summary>
    public bool Next()
    {
        while (!_rest.IsEmpty)
        {
            int end = _rest.IndexOf('\n');
            var line = end < 0 ? _rest : _rest[..end];
            _rest = end < 0 ? default : _rest[(end + 1)..];
            Line++;
            line = line.TrimEnd('\r');
            if (line.IsEmpty)
            {
                continue;
            }

            if (line.Length > SdpLimits.MaxLineLength)
            {
                return Fail(SdpErrorCode.TooLarge, $"The line has {line.Length} characters; at most {SdpLimits.MaxLineLength} are read.");
            }

            if (line.Length < 2 || line[1] != '=' || line[0] is < 'a' or > 'z')
            {
                return Fail(SdpErrorCode.Syntax, $"{SdpError.Quote(line)} is no SDP line: each starts with a letter and '=' (RFC 8866 section 5).");
            }

            if (line.ContainsAnyInRange('\0', '\x1f'))
            {
                return Fail(SdpErrorCode.Syntax, "The line holds control characters: send the description as plain UTF-8 text (RFC 8866 section 9).");
            }

            Type = line[0];
            Value = line[2..].Trim(' ');
            return true;
        }

        return false;
    }

    private bool Fail(SdpErrorCode code, string message)
    {
        Error = new(code, Line, message);
        return false;
    }
}
