using System.Reflection;
using System.Runtime.InteropServices;

namespace Nexus.MediaNode.Protocol.OpenSsl;

/// <summary>
/// Finds OpenSSL 3 on Linux, macOS and Windows for this assembly's P/Invokes, and says what to install when there is none.
/// </summary>
internal static class OpenSslLibrary
{
    public const string Crypto = "nexus-libcrypto";
    public const string Ssl = "nexus-libssl";

    private static readonly string[] CryptoNames =
        ["libcrypto.so.3", "libcrypto.so", "libcrypto.3.dylib", "/opt/homebrew/opt/openssl@3/lib/libcrypto.3.dylib", "/usr/local/opt/openssl@3/lib/libcrypto.3.dylib", "libcrypto-3-x64.dll", "libcrypto-3-arm64.dll", "libcrypto-3.dll"];

    private static readonly string[] SslNames =
        ["libssl.so.3", "libssl.so", "libssl.3.dylib", "/opt/homebrew/opt/openssl@3/lib/libssl.3.dylib", "/usr/local/opt/openssl@3/lib/libssl.3.dylib", "libssl-3-x64.dll", "libssl-3-arm64.dll", "libssl-3.dll"];

    private static readonly Lazy<nint> CryptoHandle = new(() => Load(CryptoNames));
    private static readonly Lazy<nint> SslHandle = new(() => Load(SslNames));

    static OpenSslLibrary() => NativeLibrary.SetDllImportResolver(typeof(OpenSslLibrary).Assembly, Resolve);

    /// <summary>Call from the static constructor of each class of P/Invokes, before any of them; repeating is harmless.</summary>
    public static void Register()
    {
        // the static constructor did it
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path) => name switch
    {
        Crypto => CryptoHandle.Value,
        Ssl => SslHandle.Value,
        _ => 0, // not ours: the runtime's own search
    };

    private static nint Load(string[] names)
    {
        foreach (var name in names)
        {
            if (NativeLibrary.TryLoad(name, out var handle))
            {
                if (NativeLibrary.TryGetExport(handle, "EVP_CIPHER_fetch", out _) || NativeLibrary.TryGetExport(handle, "SSL_CTX_new_ex", out _))
                {
                    return handle;
                }

                NativeLibrary.Free(handle); // OpenSSL 1.1 under the unversioned name
            }
        }

        throw new DllNotFoundException(
            $"OpenSSL 3 was not found (tried {string.Join(", ", names)}). Install it: Debian/Ubuntu 'apt install libssl3', " +
            "Fedora/RHEL 'dnf install openssl-libs', Alpine 'apk add libssl3', macOS 'brew install openssl@3', " +
            "Windows: put libssl-3-x64.dll and libcrypto-3-x64.dll on the PATH.");
    }
}
