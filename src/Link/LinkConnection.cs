using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Nexus.Link;

/// <summary>
/// One end of a node link over any duplex stream (TCP, Unix socket, in-process pipe).
/// A frame is a 32-bit big-endian length and that many octets of UTF-8 JSON.
/// Any thread may send; one reader at a time.
/// </summary>
/// <param name="hasUnread">Whether octets have come that nobody has read yet; null when that cannot be known.</param>
public sealed class LinkConnection(Stream stream, string peer, Func<bool>? hasUnread = null) : IAsyncDisposable
{
    /// <summary>Version of the protocol that this code speaks. 2: rooms are inspected a page at a time, no longer whole nodes. 3: one owner for all sessions of a node, and one record of how each is.</summary>
    public const int Version = 3;

    /// <summary>The largest frame taken, in octets.</summary>
    public const int MaxFrame = 4 * 1024 * 1024;

    private const int HeaderLength = 4;

    /// <summary>Long frames are written in pieces, so that the pulse sees a slow reader get on with one.</summary>
    private const int Piece = 64 * 1024;

    /// <summary>Nobody puts these into HTML: the default escapes, six octets for a plus sign or a letter with an accent, would only make SDP long.</summary>
    private static readonly JsonWriterOptions Writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    private readonly SemaphoreSlim _sending = new(1, 1);
    private readonly byte[] _header = new byte[HeaderLength];
    private long _received;
    private long _sent;

    /// <summary>Who is at the other end, for logs.</summary>
    public string Peer => peer;

    /// <summary>Both ends are in this process: the link ends when one end is disposed, and needs no pulse to notice.</summary>
    public bool IsInProcess { get; private init; }

    /// <summary>Octets that have been read so far.</summary>
    internal long Received => Volatile.Read(ref _received);

    /// <summary>Octets that the other end, or the sockets between, have taken so far.</summary>
    internal long Sent => Volatile.Read(ref _sent);

    /// <summary>Octets wait to be read: the other end was heard, although we have not listened yet.</summary>
    internal bool HasUnread
    {
        get
        {
            try
            {
                return hasUnread?.Invoke() ?? false;
            }
            catch (Exception e) when (e is ObjectDisposedException or IOException or System.Net.Sockets.SocketException)
            {
                return false; // the reader is about to hear of it
            }
        }
    }

    /// <summary>Two connected ends within this process. Messages are framed and serialized as between processes, so both ways behave alike.</summary>
    public static (LinkConnection Control, LinkConnection Node) CreatePair()
    {
        var up = new Pipe();
        var down = new Pipe();
        return (
            new LinkConnection(new DuplexStream(up.Reader.AsStream(), down.Writer.AsStream()), "in-process node") { IsInProcess = true },
            new LinkConnection(new DuplexStream(down.Reader.AsStream(), up.Writer.AsStream()), "in-process control") { IsInProcess = true });
    }

    /// <summary>
    /// The longest that a message may be, in octets. A command that carries a session is half a frame, so that the node can repeat
    /// it beside its report (<see cref="SessionDescribed"/>).
    /// </summary>
    public static int MaxOctets(LinkMessage message) => message is ApplySession ? MaxFrame / 2 : MaxFrame;

    /// <exception cref="LinkRefusedException">The message is over <see cref="MaxOctets"/> (TOO_LONG): nothing was sent, the link stands.</exception>
    /// <exception cref="LinkException">The link is cut.</exception>
    public async Task SendAsync(LinkMessage message, CancellationToken cancellation = default)
    {
        ReadOnlyMemory<byte> frame = Frame(message);
        await _sending.WaitAsync(cancellation);
        try
        {
            for (int at = 0; at < frame.Length; at += Piece)
            {
                ReadOnlyMemory<byte> piece = frame[at..Math.Min(at + Piece, frame.Length)];
                await stream.WriteAsync(piece, cancellation);
                Interlocked.Add(ref _sent, piece.Length);
            }

            await stream.FlushAsync(cancellation);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or InvalidOperationException)
        {
            throw new LinkException($"the link to {peer} is cut: {e.Message}", e);
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <summary>The next message, or null when the other end closed the link between two frames.</summary>
    /// <exception cref="LinkException">The link was cut inside a frame, or the frame is not of this protocol.</exception>
    public async Task<LinkMessage?> ReceiveAsync(CancellationToken cancellation = default)
    {
        try
        {
            int got = await FillAsync(_header, cancellation);
            if (got == 0)
            {
                return null;
            }

            int length = got == HeaderLength ? BinaryPrimitives.ReadInt32BigEndian(_header) : throw CutInsideFrame();
            if (length is <= 0 or > MaxFrame)
            {
                throw new LinkException($"{peer} announced a frame of {length} octets; 1 to {MaxFrame} are allowed (is it a Nexus media node?)");
            }

            byte[] body = new byte[length];
            return await FillAsync(body, cancellation) == length
                ? JsonSerializer.Deserialize(body, LinkJson.Default.LinkMessage) ?? throw new LinkException($"{peer} sent a null message")
                : throw CutInsideFrame();
        }
        catch (Exception e) when (e is JsonException or NotSupportedException)
        {
            // NotSupportedException: the serializer's word for an object without a type
            throw new LinkException($"{peer} sent a frame that is no message of this protocol: {e.Message}", e);
        }
        catch (Exception e) when (e is ObjectDisposedException or (IOException and not LinkException))
        {
            throw new LinkException($"the link to {peer} is cut: {e.Message}", e);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stream.DisposeAsync();
        _sending.Dispose();
    }

    private static ReadOnlyMemory<byte> Frame(LinkMessage message)
    {
        var body = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(body, Writing))
        {
            JsonSerializer.Serialize(writer, message, LinkJson.Default.LinkMessage);
        }

        if (body.WrittenCount > MaxOctets(message))
        {
            throw new LinkRefusedException(new LinkError(
                ReasonCodes.TooLong, $"a {message.GetType().Name} of {body.WrittenCount} octets is over the limit of {MaxOctets(message)}"));
        }

        byte[] frame = new byte[HeaderLength + body.WrittenCount];
        BinaryPrimitives.WriteInt32BigEndian(frame, body.WrittenCount);
        body.WrittenSpan.CopyTo(frame.AsSpan(HeaderLength));
        return frame;
    }

    /// <summary>Reads until the buffer is full or the stream ends; how much that was.</summary>
    private async ValueTask<int> FillAsync(Memory<byte> buffer, CancellationToken cancellation)
    {
        int filled = 0;
        while (filled < buffer.Length && await stream.ReadAsync(buffer[filled..], cancellation) is > 0 and var read)
        {
            filled += read;
            Interlocked.Add(ref _received, read);
        }

        return filled;
    }

    private LinkException CutInsideFrame() => new($"the link to {peer} was cut inside a frame");

    /// <summary>Joins two one-way pipe streams.</summary>
    private sealed class DuplexStream(Stream input, Stream output) : Stream
    {
        public override bool CanRead => true;

        public override bool CanWrite => true;

        public override bool CanSeek => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => input.ReadAsync(buffer, cancellationToken);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => output.WriteAsync(buffer, cancellationToken);

        public override Task FlushAsync(CancellationToken cancellationToken) => output.FlushAsync(cancellationToken);

        public override int Read(byte[] buffer, int offset, int count) => input.Read(buffer, offset, count);

        public override void Write(byte[] buffer, int offset, int count) => output.Write(buffer, offset, count);

        public override void Flush() => output.Flush();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                output.Dispose();
                input.Dispose();
            }

            base.Dispose(disposing);
        }
    }
}
