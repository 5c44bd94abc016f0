using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Text.Json;

namespace Nexus.Link;

/// <summary>A link was cut, or what came over it is not of this protocol. The message names what was wrong.</summary>
public sealed class LinkException(string message, Exception? inner = null) : IOException(message, inner);

/// <summary>
/// One end of a node link over any duplex stream (TCP, Unix socket, in-process pipe).
/// A frame is a 32-bit big-endian length and that many octets of UTF-8 JSON.
/// Any thread may send; one reader at a time.
/// </summary>
public sealed class LinkConnection(Stream stream, string peer) : IAsyncDisposable
{
    /// <summary>Version of the protocol that this code speaks.</summary>
    public const int Version = 1;

    /// <summary>The largest frame taken, in octets: an SDP of 256 KiB twice over, escaped.</summary>
    public const int MaxFrame = 2 * 1024 * 1024;

    private readonly SemaphoreSlim _sending = new(1, 1);
    private readonly byte[] _header = new byte[4];

    /// <summary>Who is at the other end, for logs.</summary>
    public string Peer => peer;

    /// <summary>Two connected ends within this process. Messages are framed and serialized as between processes, so both ways behave alike.</summary>
    public static (LinkConnection Control, LinkConnection Node) CreatePair()
    {
        var up = new Pipe();
        var down = new Pipe();
        return (
            new LinkConnection(new DuplexStream(up.Reader.AsStream(), down.Writer.AsStream()), "in-process node"),
            new LinkConnection(new DuplexStream(down.Reader.AsStream(), up.Writer.AsStream()), "in-process control"));
    }

    /// <exception cref="LinkException">The link is cut, or the message is over <see cref="MaxFrame"/>.</exception>
    public async Task SendAsync(LinkMessage message, CancellationToken cancellation = default)
    {
        byte[] body = JsonSerializer.SerializeToUtf8Bytes(message, LinkJson.Default.LinkMessage);
        if (body.Length > MaxFrame)
        {
            throw new LinkException($"a {message.GetType().Name} of {body.Length} octets is over the limit of {MaxFrame}");
        }

        byte[] frame = new byte[4 + body.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, body.Length);
        body.CopyTo(frame, 4);

        await _sending.WaitAsync(cancellation);
        try
        {
            await stream.WriteAsync(frame, cancellation);
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
            int got = await stream.ReadAtLeastAsync(_header, 4, throwOnEndOfStream: false, cancellation);
            if (got == 0)
            {
                return null;
            }

            int length = got == 4 ? BinaryPrimitives.ReadInt32BigEndian(_header) : throw new LinkException($"the link to {peer} was cut inside a frame");
            if (length is <= 0 or > MaxFrame)
            {
                throw new LinkException($"{peer} announced a frame of {length} octets; 1 to {MaxFrame} are allowed (is it a Nexus media node?)");
            }

            byte[] body = new byte[length];
            await stream.ReadExactlyAsync(body, cancellation);
            return JsonSerializer.Deserialize(body, LinkJson.Default.LinkMessage) ?? throw new LinkException($"{peer} sent a null message");
        }
        catch (Exception e) when (e is JsonException or NotSupportedException)
        {
            // NotSupportedException: the serializer's word for an object without a type
            throw new LinkException($"{peer} sent a frame that is no message of this protocol: {e.Message}", e);
        }
        catch (Exception e) when (e is EndOfStreamException or ObjectDisposedException or (IOException and not LinkException))
        {
            throw new LinkException($"the link to {peer} is cut: {e.Message}", e);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stream.DisposeAsync();
        _sending.Dispose();
    }

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
